#include "kernels/cases.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels {
namespace {

struct Heads {
  std::int64_t heads, kv_heads, head_dim;
};

constexpr Heads kOne64{1, 1, 64}, kOne128{1, 1, 128}, kTwo64{2, 2, 64}, kGroup64{8, 1, 64}, kGroup128{4, 2, 128},
    kWide128{8, 1, 128};

Problem full(std::vector<std::int64_t> cu_seqlens, Heads h) {
  return {Mechanism::full, std::move(cu_seqlens), h.heads, h.kv_heads, h.head_dim, 0, 0, 0};
}
Problem moba(std::vector<std::int64_t> cu_seqlens, Heads h, std::int64_t block, std::int64_t top_k) {
  return {Mechanism::moba, std::move(cu_seqlens), h.heads, h.kv_heads, h.head_dim, block, top_k, 0};
}
Problem window(std::vector<std::int64_t> cu_seqlens, Heads h, std::int64_t width) {
  return {Mechanism::sliding_window, std::move(cu_seqlens), h.heads, h.kv_heads, h.head_dim, 0, 0, width};
}

void add_full(std::vector<Case>& table) {
  table.push_back({"full_one_token", full({0, 1}, kTwo64), Fill::normal, Purpose::verify, false, false});
  table.push_back({"full_no_token", full({0, 0}, kTwo64)});
  table.push_back({"full_tile_64", full({0, 64}, kOne64)});
  table.push_back({"full_tile_plus_1", full({0, 65}, kOne128)});
  table.push_back({"full_300_grouped", full({0, 300}, kGroup64)});
  table.push_back({"full_600_d128", full({0, 600}, kOne128)});
  table.push_back({"full_odd_head_dim", full({0, 150}, {2, 1, 40})});
  table.push_back({"full_head_dim_1", full({0, 20}, {1, 1, 1})});
  table.push_back({"full_varlen", full({0, 0, 1, 78, 78, 278}, kGroup128)});
  table.push_back({"full_large", full({0, 200}, kTwo64), Fill::large, Purpose::verify, false, false, true});
  table.push_back({"full_nan_key", full({0, 130}, kTwo64), Fill::nan_key});
  table.push_back({"full_nan_query", full({0, 130}, kTwo64), Fill::nan_query});
}

void add_moba(std::vector<Case>& table) {
  const std::int64_t B = 64;
  table.push_back({"moba_one_token", moba({0, 1}, kTwo64, B, 2), Fill::normal, Purpose::verify, false, false});
  table.push_back({"moba_no_token", moba({0, 0}, kTwo64, B, 2)});
  table.push_back({"moba_shorter_than_block", moba({0, 50}, kTwo64, B, 2)});
  table.push_back({"moba_one_block", moba({0, 64}, kTwo64, B, 2)});
  table.push_back({"moba_one_block_plus_1", moba({0, 65}, kTwo64, B, 2)});
  table.push_back({"moba_whole_blocks", moba({0, 320}, kTwo64, B, 3)});
  table.push_back({"moba_whole_blocks_plus_1", moba({0, 321}, kOne128, B, 3)});
  table.push_back({"moba_top_1", moba({0, 300}, kTwo64, B, 1)});
  table.push_back({"moba_top_all", moba({0, 300}, kTwo64, B, 5)});
  table.push_back({"moba_top_beyond_all", moba({0, 300}, kTwo64, B, 9)});
  table.push_back({"moba_top_all_but_1", moba({0, 300}, kTwo64, B, 4)});
  table.push_back({"moba_ties", moba({0, 400}, kTwo64, B, 3), Fill::duplicate_blocks, Purpose::verify, true});
  table.push_back(
      {"moba_ties_grouped", moba({0, 260}, kGroup64, 32, 4), Fill::duplicate_blocks, Purpose::verify, true});
  table.push_back({"moba_unpicked_block", moba({0, 400}, kTwo64, B, 2), Fill::unpicked_block});
  table.push_back({"moba_grouped_8_to_1", moba({0, 330}, kGroup64, B, 3)});
  table.push_back({"moba_grouped_d128", moba({0, 330}, kGroup128, B, 3)});
  table.push_back({"moba_block_16", moba({0, 203}, kTwo64, 16, 4)});
  table.push_back({"moba_block_96", moba({0, 500}, kTwo64, 96, 3)});
  table.push_back({"moba_block_1", moba({0, 40}, kOne64, 1, 5)});
  table.push_back({"moba_odd_head_dim", moba({0, 300}, {2, 1, 72}, 48, 3)});
  table.push_back({"moba_varlen", moba({0, 0, 1, 64, 129, 129, 500}, kTwo64, B, 3)});
  table.push_back({"moba_128_top_8", moba({0, 1100}, kOne64, 128, 8)});
  table.push_back({"moba_512_top_3", moba({0, 1600}, kOne64, 512, 3)});
  table.push_back({"moba_large", moba({0, 400}, kTwo64, B, 3), Fill::large, Purpose::verify, false, false, true});
  table.push_back({"moba_nan_key", moba({0, 300}, kTwo64, B, 3), Fill::nan_key});
  table.push_back({"moba_nan_query", moba({0, 300}, kTwo64, B, 3), Fill::nan_query});
}

// Lengths 0 to `most`, in no order: `count` sequences.
std::vector<std::int64_t> many_sequences(std::int64_t count, std::int64_t most) {
  std::vector<std::int64_t> cu_seqlens = {0};
  for (std::int64_t i = 0; i < count; ++i) cu_seqlens.push_back(cu_seqlens.back() + 37 * i % (most + 1));
  return cu_seqlens;
}

// Where the CUDA kernels have edges of their own: tiles of 64 and 128, chunks of queries, slots in registers.
void add_kernel_edges(std::vector<Case>& table) {
  const std::int64_t B = 64;
  const auto add = [&table](const char* name, Problem problem, KernelOptions options = {}, Fill fill = Fill::normal) {
    Case row{name, std::move(problem), fill};
    row.exact_ties = fill == Fill::duplicate_blocks;
    row.options = options;
    table.push_back(std::move(row));
  };
  add("full_tiles_minus_1", full({0, 127}, kTwo64));
  add("full_two_tiles_plus_1", full({0, 257}, {2, 2, 128}));
  add("full_8_to_1_d128", full({0, 200}, kWide128));
  add("full_many_short", full(many_sequences(24, 40), kGroup128));
  add("full_deterministic", full({0, 300}, kGroup128), {0, true});
  add("moba_block_128_d128", moba({0, 641}, kOne128, 128, 3));
  add("moba_block_192", moba({0, 900}, kTwo64, 192, 3));
  add("moba_block_320", moba({0, 1000}, kOne128, 320, 2));
  add("moba_8_to_1_d128", moba({0, 330}, kWide128, B, 3));
  add("moba_many_short", moba(many_sequences(20, 200), kTwo64, B, 2));
  add("moba_top_2_d128", moba({0, 400}, kGroup128, B, 2));
  add("moba_top_1_varlen", moba({0, 100, 100, 400}, kGroup128, B, 1));
  add("moba_top_9", moba({0, 900}, kTwo64, B, 9));
  add("moba_top_17", moba({0, 1300}, kOne128, B, 17));
  add("moba_top_33", moba({0, 2300}, kOne64, B, 33));
  add("moba_top_64", moba({0, 4225}, kOne64, B, 64));
  add("moba_top_65", moba({0, 300}, kTwo64, B, 65));
  add("moba_ties_top_9", moba({0, 900}, kTwo64, B, 9), {}, Fill::duplicate_blocks);
  add("moba_ties_d128", moba({0, 900}, kGroup128, 128, 4), {}, Fill::duplicate_blocks);
  add("moba_chunks_100", moba({0, 500}, kTwo64, B, 3), {100, false});
  add("moba_chunks_1", moba({0, 200}, kTwo64, B, 2), {1, false});
  add("moba_chunks_varlen", moba({0, 90, 91, 500, 560}, kGroup128, B, 3), {77, false});
  add("moba_16_heads", moba({0, 1100}, {16, 2, 64}, B, 2));  // more groups of picks than one block of threads scans
  add("moba_130_blocks", moba({0, 8300}, kOne64, B, 2));     // more mean keys than two tiles of the gate hold
  add("moba_deterministic", moba({0, 500}, kTwo64, B, 3), {0, true});
  add("moba_deterministic_d128", moba({0, 30, 500}, kGroup128, 128, 3), {130, true});
}

void add_window(std::vector<Case>& table) {
  table.push_back({"window_100", window({0, 300}, kTwo64, 100)});
  table.push_back({"window_1", window({0, 50}, kTwo64, 1)});
  table.push_back({"window_beyond_all", window({0, 90}, kGroup64, 200)});
  table.push_back({"window_varlen", window({0, 70, 70, 200}, kTwo64, 64)});
}

// Two heads: enough for two threads of work at the shortest length, little enough for a minute at the longest.
void add_timed(std::vector<Case>& table) {
  for (const std::int64_t sequence : {512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768}) {
    for (const std::int64_t dim : {64, 128}) {
      const Heads heads{2, 2, dim};
      const auto add = [&](const std::string& kind, Problem problem) {
        table.push_back(
            {fmt::format("time_{}_{}_d{}", kind, sequence, dim), std::move(problem), Fill::normal, Purpose::time});
      };
      add("full", full({0, sequence}, heads));
      for (const auto& [block, top_k] : {std::pair<std::int64_t, std::int64_t>{512, 3}, {128, 8}}) {
        Problem problem = moba({0, sequence}, heads, block, top_k);
        if (routes(problem, sequence)) add(fmt::format("moba_b{}_k{}", block, top_k), std::move(problem));
      }
    }
  }
}

// A GPU wants more: 16K tokens in all and a hidden size of 2048, as the published benchmarks of FlashAttention have it,
// then single sequences up to 128K.
void add_timed_on_gpu(std::vector<Case>& table) {
  for (const std::int64_t sequence : {2048, 4096, 8192, 16384, 32768, 65536, 131072}) {
    std::vector<std::int64_t> cu_seqlens = {0};
    while (cu_seqlens.back() < 16384) cu_seqlens.push_back(cu_seqlens.back() + sequence);
    for (const std::int64_t dim : {64, 128}) {
      const Heads heads{2048 / dim, 2048 / dim, dim};
      const auto add = [&](const std::string& kind, Problem problem) {
        table.push_back(
            {fmt::format("gpu_{}_{}_d{}", kind, sequence, dim), std::move(problem), Fill::normal, Purpose::time_gpu});
      };
      add("full", full(cu_seqlens, heads));
      for (const auto& [block, top_k] : {std::pair<std::int64_t, std::int64_t>{512, 3}, {128, 8}}) {
        add(fmt::format("moba_b{}_k{}", block, top_k), moba(cu_seqlens, heads, block, top_k));
      }
    }
  }
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> table = [] {
    std::vector<Case> rows;
    add_full(rows);
    add_moba(rows);
    add_kernel_edges(rows);
    add_window(rows);
    add_timed(rows);
    add_timed_on_gpu(rows);
    return rows;
  }();
  return table;
}

std::vector<Case> cases_for(Purpose purpose) {
  std::vector<Case> found;
  for (const Case& row : cases()) {
    if (row.purpose == purpose) found.push_back(row);
  }
  return found;
}

std::vector<Case> quick_cases() {
  static constexpr const char* kNames[] = {"full_one_token",     "full_no_token",       "full_tile_plus_1",
                                           "full_300_grouped",   "full_varlen",         "full_nan_key",
                                           "full_deterministic", "moba_top_1",          "moba_top_all",
                                           "moba_ties",          "moba_unpicked_block", "moba_8_to_1_d128",
                                           "moba_varlen",        "moba_block_192",      "moba_top_9",
                                           "moba_chunks_varlen", "moba_nan_query",      "moba_deterministic_d128"};
  std::vector<Case> found;
  for (const char* name : kNames) found.push_back(case_named(cases(), name));
  return found;
}

const Case& case_named(const std::vector<Case>& table, const std::string& name) {
  std::vector<std::string> names;
  for (const Case& row : table) {
    if (row.name == name) return row;
    names.push_back(row.name);
  }
  throw ConfigError(fmt::format("there is no case '{}'{}", name, suggestion(name, names)));
}

}  // namespace mobasim::kernels
