// Where threads stand, barriers, and the exchange between lanes.
#include "kernels/verify/conformance/expectations.h"
#include "kernels/verify/conformance/probes.h"

namespace mobasim::kernels::conformance {
namespace {

constexpr std::uint32_t kLanes = 32;

Expectation places() {
  WordList expected;
  for (std::uint32_t z = 0; z < kBlocksZ; ++z) {
    for (std::uint32_t y = 0; y < kBlocksY; ++y) {
      for (std::uint32_t x = 0; x < kBlocksX; ++x) {
        for (std::uint32_t t = 0; t < kThreads; ++t) {
          const std::uint32_t values[] = {t, t % kLanes, t / kLanes, kThreads, x, y, z};
          expected.insert(expected.end(), std::begin(values), std::end(values));
        }
      }
    }
  }
  return exactly("thread, lane, warp and block index", {}, std::move(expected));
}

Expectation block_barrier() {
  WordList expected;
  for (std::uint32_t round = 0; round < 4; ++round) {
    for (std::uint32_t t = 0; t < kThreads; ++t) expected.push_back(1000 * round + (t + 37) % kThreads);
  }
  return exactly("sync_block", {}, std::move(expected));
}

Expectation warp_barrier() {
  WordList expected;
  for (std::uint32_t round = 0; round < 4; ++round) {
    for (std::uint32_t t = 0; t < kThreads; ++t) expected.push_back(1000 * round + (t + 5) % kLanes);
  }
  return exactly("sync_warp", {}, std::move(expected));
}

// The word of another lane of the same warp.
template <class LaneOf>
void add_exchange(WordList& expected, const WordList& input, LaneOf lane_of) {
  for (std::uint32_t t = 0; t < kThreads; ++t) expected.push_back(input[t / kLanes * kLanes + lane_of(t % kLanes)]);
}

Expectation shuffles() {
  WordList input = random_words(kThreads, 1), expected;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    add_exchange(expected, input, [lane](std::uint32_t) { return lane; });
  }
  add_exchange(expected, input, [](std::uint32_t lane) { return (lane * 7 + 3) % kLanes; });
  return exactly("shuffle", std::move(input), std::move(expected));
}

Expectation xor_shuffles() {
  WordList input = random_words(kThreads, 2), expected;
  for (std::uint32_t mask = 0; mask < kLanes; ++mask) {
    add_exchange(expected, input, [mask](std::uint32_t lane) { return lane ^ mask; });
  }
  return exactly("shuffle_xor", std::move(input), std::move(expected));
}

Expectation ballots() {
  WordList input = random_words(kThreads, 3), expected;
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      std::uint32_t votes = 0;
      for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
        votes |= (input[t / kLanes * kLanes + lane] >> bit & 1) << lane;
      }
      expected.push_back(votes);
    }
  }
  return exactly("ballot", std::move(input), std::move(expected));
}

// Groups of one lane up to ten, lanes that differ in their highest bits alone, and values that both warps have.
Expectation matches() {
  WordList input(kThreads), expected;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    input[t] = t % 3 == 0 ? 0xffffffff : t % 5 == 0 ? 7 : t % 7 == 0 ? 0 : t << 24;
  }
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    std::uint32_t equal = 0;
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      if (input[t / kLanes * kLanes + lane] == input[t]) equal |= 1u << lane;
    }
    expected.push_back(equal);
  }
  return exactly("match_any", std::move(input), std::move(expected));
}

Expectation bit_counts() {
  WordList input = random_words(kThreads, 4), expected;
  for (std::uint32_t t = 0; t < 32; ++t) input[t] = 1u << t;
  input[40] = 0xffffffff;
  input[41] = 0xc0000000;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    std::uint32_t set = 0, lowest = 32, below = 0;
    for (std::uint32_t bit = 32; bit-- > 0;) {
      if (input[t] >> bit & 1) {
        ++set;
        lowest = bit;
      }
      if (bit < t % kLanes) below |= 1u << bit;
    }
    expected.insert(expected.end(), {set, lowest, below});
  }
  return exactly("population, lowest_bit, lanes_below", std::move(input), std::move(expected));
}

}  // namespace

std::vector<Expectation> thread_expectations() {
  return {places(), block_barrier(), warp_barrier(), shuffles(), xor_shuffles(), ballots(), matches(), bit_counts()};
}

}  // namespace mobasim::kernels::conformance
