// The kernel profile: one CSV row per timed shape. kernels (bench) writes it, sim (device) reads it, published
// measurements are shipped in it: the only thing that the two sides share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/basis.h"
#include "sim/base/table.h"
#include "sim/base/units.h"

namespace mobasim {

// One measurement. Counts that do not apply are 0, texts that do not apply are empty.
struct ProfileRow {
  std::string operation;       // attention | gemm | memory_copy | fma_peak
  std::string mechanism;       // attention: full | moba | sliding_window
  std::string implementation;  // what ran: mobasim_cpu, flash_attention_2, flash_attention_3, flash_moba, onednn, ...
  std::string pass;            // attention: forward | backward | forward_backward; else empty
  std::string dtype;           // f32 | bf16 | fp16 | fp8
  std::int64_t sequence = 0, batch = 0, heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t block = 0, top_k = 0, window = 0;
  std::int64_t m = 0, n = 0, k = 0;  // gemm: [m, k] x [k, n]
  Flops flops;                       // work by the useful convention (docs/method/attention.md)
  Bytes bytes;                       // memory_copy: bytes moved; else 0
  Seconds time;                      // median, or the published value
  Seconds time_lo, time_hi;          // quartiles, or the published uncertainty
  std::int64_t samples = 0;          // 0: published without a count
  Basis basis = Basis::measured;     // measured or published
  std::string source;                // who measured: CPU model and commit, or the publication
};

[[nodiscard]] const std::vector<std::string>& profile_columns();
[[nodiscard]] Table profile_table(const std::vector<ProfileRow>& rows);
// Throws ConfigError with the cell's place for anything malformed.
[[nodiscard]] std::vector<ProfileRow> read_profile(const std::filesystem::path& path);

}  // namespace mobasim
