// The number formats of gemms, and how they stand in for each other in measured tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/error.h"

namespace mobasim {

// Bytes of one value. Throws Unsupported for a format that no part of the program computes with.
[[nodiscard]] inline std::int64_t bytes_of(std::string_view dtype) {
  if (dtype == "f32") return 4;
  if (dtype == "bf16" || dtype == "fp16") return 2;
  if (dtype == "fp8") return 1;
  throw Unsupported("dtype " + std::string(dtype), "known are f32, bf16, fp16 and fp8");
}

// Bytes that a gemm reads of one value of a factor. nvfp4: four bits and an 8-bit scale for every 16 values (NVIDIA,
// "Introducing NVFP4", 2025); known to gemms only, since nothing else is kept in it.
[[nodiscard]] inline double operand_bytes(std::string_view dtype) {
  if (dtype == "nvfp4") return 4.0 / 8 + 1.0 / 16;
  return static_cast<double>(bytes_of(dtype));
}

// The format that attention runs in where gemms run in 8 or 4 bits: bf16 (A66).
[[nodiscard]] inline std::string attention_dtype(std::string_view dtype) {
  return dtype == "fp8" || dtype == "nvfp4" ? "bf16" : std::string(dtype);
}

// Whether a time measured in `measured` stands for `wanted`: itself, and bf16 and fp16 for each other, which every
// device in configs/devices computes at one rate (A22).
[[nodiscard]] inline bool stands_for(std::string_view measured, std::string_view wanted) {
  const auto half = [](std::string_view dtype) { return dtype == "bf16" || dtype == "fp16"; };
  return measured == wanted || (half(measured) && half(wanted));
}

}  // namespace mobasim
