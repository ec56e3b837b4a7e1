// The kernel profile: one CSV row per timed shape. kernels (bench) writes it, sim (device) reads it, published
// measurements are shipped in it: the only thing that the two sides share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/basis.h"
#include "sim/base/csv.h"
#include "sim/base/table.h"
#include "sim/base/units.h"

namespace mobasim {

// One measurement. Counts that do not apply are 0, texts that do not apply are empty.
struct ProfileRow {
  std::string operation;       // attention | gemm | memory_copy | memory_read | memory_triad | fma_peak | layer
  std::string mechanism;       // attention, layer: full | moba | sliding_window
  std::string implementation;  // what ran: mobasim_cpu, flash_attention_2, flash_attention_3, flash_moba, onednn, ...
  std::string pass;            // likewise: forward | backward | forward_backward; else empty
  std::string dtype;           // f32 | bf16 | fp16 | fp8
  std::int64_t sequence = 0, batch = 0, heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t block = 0, top_k = 0, window = 0;
  std::int64_t m = 0, n = 0, k = 0;  // gemm: [m, k] x [k, n]
  std::int64_t hidden = 0, ffn = 0;  // layer: one of a transformer, beside the shape of its attention
  std::int64_t threads = 0;          // of a processor that ran it; 0: not told
  Flops flops;                       // work by the useful convention (docs/method/attention.md)
  Bytes bytes;                       // memory_*: bytes moved; else 0
  Seconds time;                      // median, or the published value
  Seconds time_lo, time_hi;          // quartiles, or the published uncertainty
  std::int64_t samples = 0;          // 0: published without a count
  Basis basis = Basis::measured;     // measured or published
  std::string source;                // who measured: CPU model and commit, or the publication
  // How well it was measured by bench; empty and 0 where nobody told.
  std::string sampling;        // settled | rounds | time_out | disturbed (docs/bench.md)
  std::int64_t discarded = 0;  // samples that were thrown away, not among `samples`
  FlopRate probe;              // multiply-adds beside the samples (GPU: mma): the state of the machine
};
// Whether other work slowed the machine throughout: the time is too long.
[[nodiscard]] inline bool disturbed(const ProfileRow& row) { return row.sampling == "disturbed"; }
// Of the median, a fraction of it, from the quartiles: 1.2533 standard deviations / sqrt(samples), a standard deviation
// the distance of the quartiles / 1.349 (normal samples). 0: not known.
[[nodiscard]] double standard_error(const ProfileRow& row);

[[nodiscard]] const std::vector<std::string>& profile_columns();
[[nodiscard]] Table profile_table(const std::vector<ProfileRow>& rows);
// Throws ConfigError with the cell's place for anything malformed. hidden, ffn, threads, sampling, discarded and
// probe_flop_per_s may be missing: older files have no such columns.
[[nodiscard]] std::vector<ProfileRow> read_profile(const std::filesystem::path& path);
[[nodiscard]] std::vector<ProfileRow> profile_rows(const CsvTable& table);  // other columns are left alone

}  // namespace mobasim
