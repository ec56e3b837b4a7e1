// The parts of the CPU kernels' MoBA that a wrong result does not show by itself: the gate's best blocks and the
// counting sort.
#include "kernels/cpu/moba.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "kernels/cpu/routed.h"
#include "kernels/fill.h"
#include "tests/catch.h"

namespace mobasim::tests::moba_test {
using namespace kernels;
using namespace kernels::cpu;

namespace {

// The definition (docs/method/kernels.md, A1): sort by score, lower blocks first on equal scores, NaN as -infinity.
std::vector<std::int32_t> wanted_blocks(const std::vector<float>& scores, std::int64_t lane, std::int32_t past,
                                        std::size_t slots) {
  std::vector<std::int32_t> blocks(static_cast<std::size_t>(past));
  std::iota(blocks.begin(), blocks.end(), 0);
  const auto score = [&](std::int32_t block) {
    const float value = scores[static_cast<std::size_t>(block * kLanes + lane)];
    return std::isnan(value) ? -std::numeric_limits<float>::infinity() : value;
  };
  std::stable_sort(blocks.begin(), blocks.end(), [&](auto a, auto b) { return score(a) > score(b); });
  blocks.resize(std::min(blocks.size(), slots));
  std::sort(blocks.begin(), blocks.end());
  blocks.resize(slots, -1);
  return blocks;
}

}  // namespace

TEST_CASE(
    "the gate keeps the blocks that the definition keeps, also among ties, zeros of both signs, NaN and infinity") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float some[] = {-infinity, -3.5f, -1.0f, -0.0f, 0.0f, 1e-40f, 2.0f, 7.25f, infinity, std::nanf("")};
  std::mt19937 random(3);
  for (const MicroKernels* micro : micro_kernels()) {
    for (const std::int64_t slots : {1, 2, 7, 9, 20}) {
      for (const std::int64_t blocks : {1, 3, 8, 40}) {
        std::vector<float> scores(static_cast<std::size_t>(blocks * kLanes));
        for (float& score : scores) score = some[random() % std::size(some)];
        std::int32_t past[kLanes];
        for (std::int32_t& count : past)
          count = static_cast<std::int32_t>(random() % static_cast<unsigned>(blocks + 1));
        std::vector<std::int32_t> best(static_cast<std::size_t>(slots * kLanes)), scratch(best.size());
        micro->top_blocks(scores.data(), blocks, kLanes, slots, past, best.data(), scratch.data());
        for (std::int64_t lane = 0; lane < kLanes; ++lane) {
          const auto wanted = wanted_blocks(scores, lane, past[lane], static_cast<std::size_t>(slots));
          INFO(micro->name << " slots " << slots << " blocks " << blocks << " lane " << lane);
          for (std::int64_t s = 0; s < slots; ++s) {
            CHECK(best[static_cast<std::size_t>(s * kLanes + lane)] == wanted[static_cast<std::size_t>(s)]);
          }
        }
      }
    }
  }
}

TEST_CASE("the own blocks of rows lie one behind the other and hold each row once") {
  const Problem problem{Mechanism::moba, {0, 1000}, 1, 1, 8, 10, 3, 0};
  const std::vector<Run> blocks = own_blocks(problem, {0, 996});
  REQUIRE(blocks.size() == 100);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t begin = 10 * static_cast<std::int64_t>(i);
    CHECK(blocks[i].begin == begin);
    CHECK(blocks[i].end == std::min<std::int64_t>(begin + 10, 996));
  }
}

TEST_CASE("sorted picks name each pick once, by block and in the order of the rows") {
  const Problem problem{Mechanism::moba, {0, 5, 105}, 3, 1, 8, 8, 4, 0};
  const Run sequence{5, 105}, rows{37, 93};
  const std::int64_t slots = slots_of(problem), blocks = 13;
  Selection selection;
  selection.picks.assign(static_cast<std::size_t>(105 * 3 * slots), -1);
  std::mt19937 random(4);
  for (std::int64_t row = 5 * 3; row < 105 * 3; ++row) {
    std::int32_t block = static_cast<std::int32_t>(random() % 4);
    for (std::int64_t s = 0; s < slots && block < blocks; ++s, block += 1 + static_cast<std::int32_t>(random() % 6)) {
      selection.picks[static_cast<std::size_t>(row * slots + s)] = block;
    }
  }
  std::vector<std::int32_t> scratch(static_cast<std::size_t>(sorted_size(problem, sequence, rows.end - rows.begin)));
  const RoutedRows sorted = sorted_picks(problem, selection, 1, sequence, rows, scratch.data());
  CHECK(sorted.first[0] == 0);
  for (std::int32_t block = 0; block < blocks; ++block) {
    std::vector<std::int32_t> wanted;
    for (std::int64_t t = rows.begin; t < rows.end; ++t) {
      const auto picks = selection.picks.begin() + (t * 3 + 1) * slots;
      if (std::count(picks, picks + slots, block) > 0) wanted.push_back(static_cast<std::int32_t>(t - rows.begin));
    }
    CHECK(std::vector(sorted.row + sorted.first[block], sorted.row + sorted.first[block + 1]) == wanted);
  }
}

}  // namespace mobasim::tests::moba_test
