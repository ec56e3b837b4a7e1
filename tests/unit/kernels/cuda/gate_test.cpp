#include <algorithm>
#include <limits>
#include <numeric>

#include "kernels/reference/reference.h"
#include "tests/catch.h"
#include "tests/unit/kernels/cuda/routing.h"

namespace mobasim::tests::gate_test {
using namespace kernels;
using mobasim::tests::Routed;
using mobasim::tests::routed;

namespace {

Problem moba(std::vector<std::int64_t> cu_seqlens, std::int64_t heads, std::int64_t kv_heads, std::int64_t head_dim,
             std::int64_t block, std::int64_t top_k) {
  Problem problem;
  problem.mechanism = Mechanism::moba;
  problem.cu_seqlens = std::move(cu_seqlens);
  problem.heads = heads;
  problem.kv_heads = kv_heads;
  problem.head_dim = head_dim;
  problem.block = block;
  problem.top_k = top_k;
  return problem;
}

// What the gate must pick by these scores of the blocks before the token's own, and by how much the last picked score
// is above the first that is not.
struct Choice {
  std::vector<int> picks;
  double gap = std::numeric_limits<double>::infinity();
};
Choice choice(const std::vector<double>& scores, std::int64_t slots) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto score = [&](int block) { return scores[static_cast<std::size_t>(block)]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return score(a) > score(b); });
  Choice out;
  if (std::ssize(order) > slots) {
    const auto last = static_cast<std::size_t>(slots - 1);
    out.gap = score(order[last]) == score(order[last + 1]) ? 0 : score(order[last]) - score(order[last + 1]);
    order.resize(last + 1);
  }
  std::sort(order.begin(), order.end());
  order.resize(static_cast<std::size_t>(slots), -1);
  out.picks = order;
  return out;
}

struct Compared {
  std::int64_t rows = 0, near_ties = 0, wrong = 0;
};

// Rows whose picks are not those of exact arithmetic on the kernel's own mean keys. Where the gap is no more than the
// rounding of sums in f32 the row is a near-tie, unless scores tie exactly: then the lower block must win.
Compared compared(const Problem& problem, const Tensors& tensors, const Routed& got, Dtype dtype, bool exact_scores) {
  const WideTensors wide(tensors);
  const std::int64_t slots = slots_of(problem);
  Compared out;
  std::int64_t first_block = 0;
  for (std::int64_t s = 0; s < sequences(problem); ++s) {
    const auto begin = problem.cu_seqlens[static_cast<std::size_t>(s)];
    const std::int64_t length = problem.cu_seqlens[static_cast<std::size_t>(s) + 1] - begin;
    ReferenceGate gate = reference_gate(problem, wide.view(), s, dtype);
    const auto width = problem.kv_heads * problem.head_dim;
    std::copy_n(got.mean_key.begin() + first_block * width, gate.means.size(), gate.means.begin());
    first_block += blocks_of(problem, length);
    for (std::int64_t row = 0; row < length * problem.heads; ++row) {
      const std::int64_t token = begin + row / problem.heads, head = row % problem.heads;
      const std::int64_t own = routes(problem, length) ? row / problem.heads / problem.block : 0;
      std::vector<double> scores;
      for (std::int64_t b = 0; b < own; ++b) {
        scores.push_back(gate_score(problem, wide.view(), gate, token, head, b));
      }
      const Choice want = choice(scores, slots);
      const auto at = got.picks.begin() + (token * problem.heads + head) * slots;
      const bool same = std::equal(want.picks.begin(), want.picks.end(), at);
      const bool near = !exact_scores && want.gap < 1e-4;
      out.rows += 1;
      out.near_ties += near ? 1 : 0;
      out.wrong += !same && !near ? 1 : 0;
    }
  }
  return out;
}

void check_routing(const Problem& problem, const Tensors& tensors, Dtype dtype, bool exact_scores = false) {
  const Compared result = compared(problem, tensors, routed(problem, tensors, dtype), dtype, exact_scores);
  CHECK(result.rows == tokens(problem) * problem.heads);
  CHECK(result.wrong == 0);
  CHECK(result.near_ties * 50 <= result.rows);
}

}  // namespace

TEST_CASE("mean keys are the reference's to one rounding") {
  const Dtype dtype = GENERATE(Dtype::bf16, Dtype::fp16);
  const Problem problem = moba({0, 300, 300, 301, 777}, 4, 2, GENERATE(64, 128), 64, 3);
  const Tensors tensors = rounded(filled(problem, Fill::normal, 7), dtype);
  const WideTensors wide(tensors);
  const Routed got = routed(problem, tensors, dtype);
  std::size_t at = 0, wrong = 0;
  for (std::int64_t s = 0; s < sequences(problem); ++s) {
    const ReferenceGate gate = reference_gate(problem, wide.view(), s, dtype);
    for (std::size_t i = 0; i < gate.means.size(); ++i, ++at) {
      // 2^-20 of the terms for sums in f32, and one unit in the last place where that changes the rounding.
      const double bound = unit_of(dtype) * std::abs(gate.means[i]) + std::ldexp(gate.magnitude[i], -20);
      wrong += std::abs(got.mean_key[at] - gate.means[i]) <= bound ? 0 : 1;
    }
  }
  CHECK(at == got.mean_key.size());
  CHECK(wrong == 0);
}

TEST_CASE("the gate picks what the reference picks, but for near-ties") {
  struct Row {
    const char* name;
    Problem problem;
  };
  const Row row = GENERATE(
      Row{"length no multiple of the block", moba({0, 700}, 1, 1, 64, 64, 3)},
      Row{"GQA 4:2, head_dim 128", moba({0, 500}, 4, 2, 128, 64, 3)}, Row{"GQA 8:1", moba({0, 450}, 8, 1, 64, 64, 2)},
      Row{"varlen, empty and short sequences", moba({0, 0, 1, 300, 300, 700, 764, 1300, 1300}, 2, 1, 64, 64, 3)},
      Row{"blocks of 192", moba({0, 1000}, 1, 1, 128, 192, 3)}, Row{"blocks of 512", moba({0, 1700}, 1, 1, 64, 512, 2)},
      Row{"top_k 5", moba({0, 600}, 1, 1, 64, 64, 5)}, Row{"top_k 8, 128", moba({0, 1290}, 1, 1, 128, 128, 8)},
      Row{"top_k 9", moba({0, 900}, 1, 1, 64, 64, 9)}, Row{"top_k 17", moba({0, 1300}, 1, 1, 64, 64, 17)},
      Row{"top_k 33", moba({0, 2300}, 1, 1, 64, 64, 33)}, Row{"top_k 64", moba({0, 64 * 66 + 5}, 1, 1, 64, 64, 64)},
      Row{"nothing routes", moba({0, 100, 192}, 2, 1, 64, 64, 3)});
  const Dtype dtype = GENERATE(Dtype::bf16, Dtype::fp16);
  INFO(row.name);
  check_routing(row.problem, rounded(filled(row.problem, Fill::normal, 3), dtype), dtype);
}

TEST_CASE("of tied blocks the gate picks the lower") {
  const Problem problem = moba({0, 900}, 2, 1, 64, 64, GENERATE(2, 5, 9));
  check_routing(problem, rounded(filled(problem, Fill::duplicate_blocks, 3), Dtype::bf16), Dtype::bf16, true);
}

TEST_CASE("ties between few values, in and out of the picks") {
  const Problem problem = moba({0, 1100}, 2, 1, 64, 64, 6);
  Tensors tensors = filled(problem, Fill::normal, 5);
  for (float& x : tensors.q) x = std::clamp(std::round(x), -1.0f, 1.0f);
  for (std::size_t i = 0; i < tensors.k.size(); ++i) {  // the keys of a block are the same, and mostly 0
    const std::size_t block = i / 64 / 64 * 64 * 64;
    tensors.k[i] = i % 8 != 0 ? 0 : std::clamp(std::round(tensors.k[block + i % 64]), -1.0f, 1.0f);
  }
  check_routing(problem, tensors, Dtype::bf16, true);
}

TEST_CASE("scores that rise or fall with the block") {
  const bool rising = GENERATE(true, false);
  const Problem problem = moba({0, 1500}, 1, 1, 64, 64, GENERATE(2, 8, 20));
  Tensors tensors = filled(problem, Fill::normal, 5);
  std::fill(tensors.q.begin(), tensors.q.end(), 1.0f);
  for (std::size_t i = 0; i < tensors.k.size(); ++i) {
    const auto block = static_cast<float>(i / 64 / 64);
    tensors.k[i] = rising ? block : -block;
  }
  check_routing(problem, tensors, Dtype::bf16, true);
}

TEST_CASE("a NaN score counts as -infinity") {
  const Problem problem = moba({0, 800}, 1, 1, 64, 64, GENERATE(3, 9));
  Tensors tensors = rounded(filled(problem, GENERATE(Fill::nan_key, Fill::nan_query), 3), Dtype::bf16);
  tensors.k[64 * 64] = std::numeric_limits<float>::quiet_NaN();  // block 1 too
  const Compared result = compared(problem, tensors, routed(problem, tensors, Dtype::bf16), Dtype::bf16, false);
  CHECK(result.wrong == 0);
}

TEST_CASE("the gate's shared memory has no bank conflicts, and order does not matter") {
  const Problem problem = moba({0, 900}, 2, 1, GENERATE(64, 128), 64, 4);
  const Tensors tensors = rounded(filled(problem, Fill::normal, 9), Dtype::bf16);
  std::vector<int> picks;
  for (const std::uint64_t seed : {1, 2, 3}) {
    simt::ExecutorOptions options;
    options.seed = seed;
    const simt::Session session(options);
    const Routed got = routed(problem, tensors, Dtype::bf16);
    const simt::Counters total = session.total();
    CHECK(total.shared_loads.passes == total.shared_loads.ideal_passes);
    CHECK(total.shared_stores.passes == total.shared_stores.ideal_passes);
    CHECK(total.shared_copies.passes == total.shared_copies.ideal_passes);
    if (picks.empty()) picks = got.picks;
    CHECK(picks == got.picks);
  }
}

TEST_CASE("the last rows of a sequence of more than a thousand blocks") {
  // Integers, so that many scores tie, exactly; one tile of rows, for the sake of time.
  constexpr int kBlocks = 1100, kBlock = 64, kHeadDim = 64, kTokens = kBlocks * kBlock;
  const int slots = GENERATE(1, 7, 20);
  const cuda::GateTile tile = {kTokens - cuda::kGateRows, kTokens, kTokens - cuda::kGateRows, 0, kBlocks, 1};
  std::vector<float> q(std::size_t{kTokens} * kHeadDim), mean_key(std::size_t{kBlocks} * kHeadDim);
  fill_normal(q, 1);
  fill_normal(mean_key, 2);
  for (float& x : q) x = std::round(x);
  for (float& x : mean_key) x = std::round(x);
  const mobasim::tests::Device<std::uint16_t> queries(cuda::packed_16(q, Dtype::bf16), "q");
  const mobasim::tests::Device<std::uint16_t> keys(cuda::packed_16(mean_key, Dtype::bf16), "mean_key");
  const mobasim::tests::Device<cuda::GateTile> tiles(std::vector<cuda::GateTile>{tile}, "tiles");
  const mobasim::tests::Device<int> picks(std::size_t{kTokens} * static_cast<std::size_t>(slots), "picks");
  cuda::launch_gate({queries.data(), keys.data(), tiles.data(), picks.data(), 1, 1, 1, kBlock, slots},
                    cuda::Element::bf16, kHeadDim, nullptr);
  const std::size_t first = static_cast<std::size_t>(tile.row_begin) * static_cast<std::size_t>(slots);
  std::vector<int> got(std::size_t{cuda::kGateRows} * static_cast<std::size_t>(slots));
  simt::download(got.data(), picks.data() + first, got.size() * sizeof(int));
  int wrong = 0;
  for (int row = 0; row < cuda::kGateRows; ++row) {
    const float* query = q.data() + std::size_t{kHeadDim} * static_cast<std::size_t>(tile.row_begin + row);
    std::vector<double> scores;
    for (int b = 0; b < (tile.row_begin + row) / kBlock; ++b) {
      scores.push_back(std::inner_product(query, query + kHeadDim, mean_key.begin() + b * kHeadDim, 0.0));
    }
    wrong += std::equal(got.begin() + row * slots, got.begin() + (row + 1) * slots, choice(scores, slots).picks.begin())
                 ? 0
                 : 1;
  }
  CHECK(wrong == 0);
}

}  // namespace mobasim::tests::gate_test
