// 16-bit numbers by bit arithmetic: to f32 exactly, from f32 to nearest even, NaN to the one NaN the hardware gives
// (PTX ISA 9.0, 9.7.9.21 cvt).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace mobasim::kernels::simt {

[[nodiscard]] inline float bf16_value(std::uint32_t bits) { return std::bit_cast<float>(bits << 16); }

[[nodiscard]] inline std::uint32_t bf16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffu;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

[[nodiscard]] inline float fp16_value(std::uint32_t bits) {
  const std::uint32_t magnitude = (bits & 0x7fffu) << 13, sign = (bits & 0x8000u) << 16;
  // Exponents of fp16 are 112 below those of f32; the multiplication also normalises what is subnormal.
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112f;
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(scaled);
  return std::bit_cast<float>(sign | (magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : finite));
}

[[nodiscard]] inline std::uint32_t fp16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7fffu;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and beyond
  if (magnitude < 0x38800000u) {                        // below 2^-14; one unit of 0.5f is the smallest fp16
    return sign | (std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u);
  }
  return sign | ((magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13);
}

[[nodiscard]] inline float flushed(float value) {
  return std::fabs(value) < 0x1p-126f ? std::copysign(0.f, value) : value;
}

}  // namespace mobasim::kernels::simt
