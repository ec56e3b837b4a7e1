// What the CUDA kernels do, counted on the executor, against the simulator's closed form: useful work plus the padding
// that the cutting into tiles adds, kernel by kernel and exactly. The formulas of padding are those of docs/kernels.md,
// section "Work counted, useful and padding".
#include <map>

#include "kernels/cuda/run.h"
#include "kernels/simt/executor.h"
#include "sim/attention/attention.h"
#include "tests/catch.h"

namespace mobasim::tests::kernel_work_test {
namespace {

constexpr std::int64_t kMmaProducts = 16 * 8 * 16;  // multiply-adds of an mma

// Of one kernel. Pairs are of a query and a key, or of a query and a mean key.
struct Work {
  std::int64_t useful = 0;   // pairs, by the simulator
  std::int64_t padding = 0;  // pairs
  std::int64_t rows = 0;     // of head_dim elements, copied by cp.async
  Work& operator+=(const Work& more) {
    useful += more.useful;
    padding += more.padding;
    rows += more.rows;
    return *this;
  }
};
using WorkByKernel = std::map<std::string, Work>;

std::int64_t pieces(std::int64_t size, std::int64_t piece) { return (size + piece - 1) / piece; }
std::int64_t rounded_up(std::int64_t size, std::int64_t piece) { return pieces(size, piece) * piece; }
std::int64_t causal_pairs(std::int64_t length) { return length * (length + 1) / 2; }

// Padding of `length` rows that see each other causally. Warps of 32 rows compute keys as far as their last row sees.
// In tiles of 128 rows, warps without a row compute the keys that all rows see whole, and one tile of keys fewer.
std::int64_t causal_padding(std::int64_t length, std::int64_t head_dim) {
  const std::int64_t whole = length / 128 * 128, rows = rounded_up(length, 32), key_tile = head_dim == 64 ? 128 : 64;
  const std::int64_t idle_rows = whole < length ? whole + 128 - rows : 0;
  return rows * (rows + 32) / 2 - causal_pairs(length) + idle_rows * std::max<std::int64_t>(0, whole - key_tile);
}

// Each tile of 128 rows copies its queries, and keys and values up to its last row.
std::int64_t causal_rows(std::int64_t length) {
  const std::int64_t whole = length / 128;
  return length + 2 * (128 * whole * (whole + 1) / 2 + (length % 128 > 0 ? length : 0));
}

// Key tiles of 128 meet the rows behind their first key 64 at a time, the first 64 rows only half of the tile.
std::int64_t backward_padding(std::int64_t length) {
  const std::int64_t rows = rounded_up(length, 64);
  return rows * (rows + 64) / 2 - causal_pairs(length);
}

// A query and a gradient for each row of a step.
std::int64_t backward_rows(std::int64_t length) {
  const std::int64_t steps = pieces(length, 64) + 1;
  return 2 * 64 * (steps * steps / 4);
}

// Lengths that are attended causally on their own: the sequence, or its blocks.
std::vector<std::int64_t> causal_lengths(const kernels::Problem& problem, std::int64_t length) {
  if (problem.mechanism == kernels::Mechanism::full || (problem.top_k > 1 && !routes(problem, length))) return {length};
  std::vector<std::int64_t> lengths;
  for (std::int64_t begin = 0; begin < length; begin += problem.block) {
    lengths.push_back(std::min(problem.block, length - begin));
  }
  return lengths;
}

AttentionCount useful(const kernels::Problem& problem, std::int64_t length) {
  if (problem.mechanism == kernels::Mechanism::full) return count(FullAttention{}, length);
  return count(Moba{problem.block, problem.top_k}, length);
}

// Of one head over one sequence: two passes over 16 mean keys at a time, by warps of 32 rows. Rows with no more blocks
// than slots take them all unseen.
Work gate_work(const kernels::Problem& problem, std::int64_t length, const AttentionCount& counted) {
  const std::int64_t slots = slots_of(problem);
  std::int64_t computed = 0, mean_keys = 0;
  for (std::int64_t own = slots + 1; own < blocks_of(problem, length); ++own) {
    computed += rounded_up(std::min(problem.block, length - own * problem.block), 32) * rounded_up(own, 16);
  }
  for (std::int64_t row = 0; row < length; row += 128) {
    const std::int64_t own = (std::min(row + 128, length) - 1) / problem.block;
    if (own > slots) mean_keys += own;
  }
  const std::int64_t unseen = problem.block * slots * (slots + 1) / 2;
  const std::int64_t seen = counted.gate_pairs - unseen;
  return {counted.gate_pairs, 2 * (computed - seen) + seen - unseen, 2 * mean_keys};
}

// How many of a sequence's rows of one head picked each block.
std::vector<std::int64_t> entries(const kernels::Problem& problem, const std::vector<std::int32_t>& picks,
                                  std::size_t sequence, std::int64_t head) {
  const std::int64_t begin = problem.cu_seqlens[sequence], end = problem.cu_seqlens[sequence + 1];
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(blocks_of(problem, end - begin)));
  for (std::int64_t token = begin; token < end; ++token) {
    for (std::int64_t slot = 0; slot < slots_of(problem); ++slot) {
      const std::int64_t at = (token * problem.heads + head) * slots_of(problem) + slot;
      const std::int32_t block = picks[static_cast<std::size_t>(at)];
      if (block >= 0) ++sizes.at(static_cast<std::size_t>(block));
    }
  }
  return sizes;
}

// What the rows routed to blocks add, of one head over one sequence: in the forward pass items of up to 128 rows, in
// warps of 32, over whole blocks; in the backward pass steps of 64 rows, for each key tile of the block.
void add_routed(WorkByKernel& work, const kernels::Problem& problem, const std::vector<std::int64_t>& sizes) {
  const std::int64_t block = problem.block;
  for (const std::int64_t size : sizes) {
    const std::int64_t items = pieces(size, 128), steps = pieces(size, 64);
    work["routed_kernel"] += {0, block * (rounded_up(size, 32) - size), items * (128 + 2 * block)};
    work["backward_keys_kernel"] += {0, block * (64 * steps - size), 2 * 64 * steps * pieces(block, 128)};
  }
}

WorkByKernel expected(const kernels::Problem& problem, const std::vector<std::int32_t>& picks) {
  WorkByKernel work;
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const std::int64_t length = problem.cu_seqlens[i + 1] - problem.cu_seqlens[i];
    const AttentionCount counted = useful(problem, length);
    for (std::int64_t head = 0; head < problem.heads; ++head) {
      work["causal_kernel"] += {counted.pairs - problem.block * counted.picks, 0, 0};
      work["backward_keys_kernel"] += {counted.pairs, 0, 0};
      for (const std::int64_t part : causal_lengths(problem, length)) {
        work["causal_kernel"] += {0, causal_padding(part, problem.head_dim), causal_rows(part)};
        work["backward_keys_kernel"] += {0, backward_padding(part), backward_rows(part)};
      }
      if (counted.picks == 0) continue;
      work["gate_picks"] += gate_work(problem, length, counted);
      work["routed_kernel"] += {problem.block * counted.picks, 0, 0};
      add_routed(work, problem, entries(problem, picks, i, head));
    }
    work["backward_keys_kernel"] += {0, 0, 2 * length * problem.kv_heads};  // keys and values once
  }
  return work;
}

// Products of head_dim multiply-adds for a pair.
std::int64_t products(const std::string& kernel) {
  if (kernel == "gate_picks") return 1;
  return kernel == "backward_keys_kernel" ? 5 : 2;
}

// Every kernel that runs, and no other, has the work that is expected of it; kernels without products have none.
void check(const kernels::Problem& problem, kernels::Fill fill = kernels::Fill::normal) {
  kernels::simt::ExecutorOptions executor;
  executor.count_memory = false;
  const kernels::simt::Session session(executor);
  const kernels::Computed computed = kernels::cuda::computed_on(
      kernels::cuda::simt_target(), problem, kernels::filled(problem, fill, 3), kernels::Dtype::bf16);
  std::map<std::string, kernels::simt::Counters> counted;
  for (const kernels::simt::KernelCounters& kernel : session.counters()) {
    counted[kernel.kernel.substr(0, kernel.kernel.find('<'))] += kernel.counters;
  }
  WorkByKernel work = expected(problem, computed.forward.selection.picks);
  INFO("tokens " << tokens(problem) << ", heads " << problem.heads << ", head_dim " << problem.head_dim << ", block "
                 << problem.block << ", top_k " << problem.top_k);
  for (const auto& [kernel, unused] : work) CHECK(counted.count(kernel) == 1);
  for (const auto& [kernel, counters] : counted) {
    const Work& of = work[kernel];
    INFO(kernel << ": useful " << of.useful << " pairs, padding " << of.padding);
    CHECK(counters.mma * kMmaProducts == (of.useful + of.padding) * products(kernel) * problem.head_dim);
    CHECK(counters.copied_bytes == of.rows * problem.head_dim * 2);
  }
}

kernels::Problem full(std::vector<std::int64_t> cu_seqlens, std::int64_t heads, std::int64_t kv_heads,
                      std::int64_t head_dim) {
  return {kernels::Mechanism::full, std::move(cu_seqlens), heads, kv_heads, head_dim, 0, 0, 0};
}

kernels::Problem moba(std::vector<std::int64_t> cu_seqlens, std::int64_t heads, std::int64_t kv_heads,
                      std::int64_t head_dim, std::int64_t block, std::int64_t top_k) {
  return {kernels::Mechanism::moba, std::move(cu_seqlens), heads, kv_heads, head_dim, block, top_k, 0};
}

}  // namespace

TEST_CASE("padding of whole tiles is that of the diagonal: 31 S / 2 pairs forward, 63 S / 2 backward") {
  for (std::int64_t length = 128; length <= 4096; length += 128) {
    for (const std::int64_t head_dim : {64, 128}) CHECK(causal_padding(length, head_dim) == 31 * length / 2);
    CHECK(backward_padding(length) == 63 * length / 2);
    CHECK(causal_rows(length) == length * (length / 128 + 2));
  }
}

TEST_CASE("kernels of full attention do useful work plus stated padding where tiles are whole") {
  for (const std::int64_t head_dim : {64, 128}) {
    for (const std::int64_t length : {128, 256, 640}) check(full({0, length}, 1, 1, head_dim));
    check(full({0, 256}, 4, 2, head_dim));
  }
}

TEST_CASE("kernels of full attention do useful work plus stated padding at any length") {
  for (const std::int64_t head_dim : {64, 128}) {
    for (const std::int64_t length : {1, 17, 33, 64, 65, 129, 200, 300, 451}) check(full({0, length}, 1, 1, head_dim));
    check(full({0, 100, 100, 484}, 2, 1, head_dim));
  }
}

TEST_CASE("kernels of MoBA do useful work plus stated padding where blocks are whole") {
  for (const std::int64_t head_dim : {64, 128}) {
    check(moba({0, 640}, 2, 1, head_dim, 128, 3));
    check(moba({0, 1024}, 1, 1, head_dim, 256, 2));
    check(moba({0, 640}, 1, 1, head_dim, 128, 1));
    check(moba({0, 640}, 1, 1, head_dim, 128, 5));
  }
}

TEST_CASE("kernels of MoBA do useful work plus stated padding at any length") {
  for (const std::int64_t head_dim : {64, 128}) {
    check(moba({0, 421}, 1, 1, head_dim, 64, 3));
    check(moba({0, 700}, 1, 1, head_dim, 192, 2));
    check(moba({0, 50, 450, 450, 800}, 2, 2, head_dim, 128, 3));
  }
  check(moba({0, 700}, 1, 1, 64, 128, 3), kernels::Fill::unpicked_block);
  check(moba({0, 700}, 1, 1, 64, 128, 3), kernels::Fill::duplicate_blocks);
}

TEST_CASE("the gate does useful work plus stated padding over many blocks") {
  check(moba({0, 64 * 21 + 5}, 1, 1, 64, 64, 5));
  check(moba({0, 64 * 67 + 70}, 1, 1, 64, 64, 2));
}

}  // namespace mobasim::tests::kernel_work_test
