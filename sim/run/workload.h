// What a run trains on.
#pragma once

#include <cstdint>
#include <string>

namespace mobasim {

struct Workload {
  std::int64_t sequence = 0;      // tokens of one sequence
  std::int64_t global_batch = 0;  // sequences per step, over all devices
  double tokens = 0;              // of the whole run
  std::string dtype = "bf16";     // of the gemms: nvfp4 | fp8 | bf16 | fp16 | f32
};

}  // namespace mobasim
