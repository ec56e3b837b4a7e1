// Do the closed forms count what a loop over the queries counts?
#include <algorithm>
#include <limits>
#include <random>

#include "sim/attention/attention.h"
#include "tests/catch.h"

namespace mobasim::tests::attention_count_test {
namespace {

std::int64_t blocks_of(std::int64_t sequence, std::int64_t block) { return (sequence + block - 1) / block; }

AttentionCount summed(const FullAttention&, std::int64_t sequence) {
  AttentionCount sum;
  for (std::int64_t t = 0; t < sequence; ++t) sum.pairs += t + 1;
  return sum;
}

AttentionCount summed(const Moba& moba, std::int64_t sequence) {
  const std::int64_t n = blocks_of(sequence, moba.block);
  const bool gated = moba.top_k > 1 && moba.top_k < n;
  AttentionCount sum;
  for (std::int64_t t = 0; t < sequence; ++t) {
    const std::int64_t past = t / moba.block;
    const std::int64_t picked = std::min(moba.top_k - 1, past);
    sum.pairs += t % moba.block + 1 + moba.block * picked;
    if (gated) {
      sum.gate_pairs += past;
      sum.picks += picked;
    }
  }
  sum.blocks = gated ? n : 0;
  return sum;
}

AttentionCount summed(const SlidingWindow& window, std::int64_t sequence) {
  AttentionCount sum;
  for (std::int64_t t = 0; t < sequence; ++t) sum.pairs += std::min(t + 1, window.window);
  return sum;
}

AttentionCount summed(const Attention& attention, std::int64_t sequence) {
  return std::visit([&](const auto& mechanism) { return summed(mechanism, sequence); }, attention);
}

void require_equal(const Attention& attention, std::int64_t sequence) {
  const AttentionCount closed = count(attention, sequence);
  const AttentionCount looped = summed(attention, sequence);
  INFO(description(attention) << " at sequence " << sequence);
  REQUIRE(closed.pairs == looped.pairs);
  REQUIRE(closed.gate_pairs == looped.gate_pairs);
  REQUIRE(closed.picks == looped.picks);
  REQUIRE(closed.blocks == looped.blocks);
}

}  // namespace

TEST_CASE("Closed forms equal sums over all queries at every small shape") {
  for (std::int64_t sequence = 0; sequence <= 40; ++sequence) {
    require_equal(FullAttention{}, sequence);
    for (std::int64_t width = 1; width <= 42; ++width) {
      require_equal(SlidingWindow{width}, sequence);
      for (std::int64_t top_k = 1; top_k <= 9; ++top_k) require_equal(Moba{width, top_k}, sequence);
    }
  }
}

TEST_CASE("Closed forms equal sums over all queries at random shapes") {
  std::mt19937_64 random(2);
  const auto up_to = [&](std::int64_t most) {
    return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
  };
  for (int i = 0; i < 2000; ++i) {
    const std::int64_t sequence = up_to(20000);
    require_equal(Moba{up_to(2048), up_to(40)}, sequence);
    require_equal(Moba{up_to(64), up_to(400)}, sequence);
    require_equal(SlidingWindow{up_to(25000)}, sequence);
    require_equal(FullAttention{}, sequence);
  }
}

TEST_CASE("Closed forms are exact at ten million tokens") {
  for (const std::int64_t sequence : {10'000'000, 10'485'760, 9'999'991}) {
    require_equal(FullAttention{}, sequence);
    require_equal(SlidingWindow{4096}, sequence);
    for (const std::int64_t block : {128, 512, 4096, 1'000'003}) {
      for (const std::int64_t top_k : {1, 2, 3, 12, 100'000}) require_equal(Moba{block, top_k}, sequence);
    }
  }
}

TEST_CASE("Extreme parameters do not overflow") {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  const std::int64_t full = count(FullAttention{}, kLongestSequence).pairs;
  REQUIRE(full == kLongestSequence / 2 * (kLongestSequence + 1));
  REQUIRE(count(Moba{huge, 1}, kLongestSequence).pairs == full);
  REQUIRE(count(Moba{1, huge}, kLongestSequence).pairs == full);
  REQUIRE(count(Moba{huge, huge}, kLongestSequence).pairs == full);
  REQUIRE(count(SlidingWindow{huge}, kLongestSequence).pairs == full);
}

TEST_CASE("MoBA with block 512 and top_k 3 attends 1184.5 and 1256.5 keys per query at 8K and 32K") {
  const Moba moba{512, 3};
  REQUIRE(count(moba, 8192).pairs * 2 == 8192 * 2369);
  REQUIRE(count(moba, 32768).pairs * 2 == 32768 * 2513);
}

TEST_CASE("MoBA that may pick every block is full attention and needs no gate") {
  for (const std::int64_t sequence : {1, 511, 512, 513, 1536, 1537, 5000}) {
    const std::int64_t n = blocks_of(sequence, 512);
    for (std::int64_t top_k = n; top_k < n + 3; ++top_k) {
      REQUIRE(count(Moba{512, top_k}, sequence) == count(FullAttention{}, sequence));
      REQUIRE(is_full_at(Moba{512, top_k}, sequence));
    }
    for (std::int64_t top_k = 1; top_k < n; ++top_k) {
      REQUIRE(count(Moba{512, top_k}, sequence).pairs < count(FullAttention{}, sequence).pairs);
      REQUIRE_FALSE(is_full_at(Moba{512, top_k}, sequence));
    }
  }
}

TEST_CASE("A window of the sequence or more is full attention") {
  REQUIRE(count(SlidingWindow{5000}, 5000) == count(FullAttention{}, 5000));
  REQUIRE(is_full_at(SlidingWindow{5001}, 5000));
  REQUIRE_FALSE(is_full_at(SlidingWindow{4999}, 5000));
  REQUIRE(is_full_at(FullAttention{}, 5000));
}

TEST_CASE("Pairs grow with top_k, with the window and with the sequence") {
  for (std::int64_t x = 1; x < 40; ++x) {
    REQUIRE(count(Moba{64, x}, 1500).pairs <= count(Moba{64, x + 1}, 1500).pairs);
    REQUIRE(count(SlidingWindow{x}, 1500).pairs < count(SlidingWindow{x + 1}, 1500).pairs);
    for (const Attention& attention :
         {Attention{FullAttention{}}, Attention{Moba{8, 3}}, Attention{SlidingWindow{9}}}) {
      REQUIRE(count(attention, x).pairs < count(attention, x + 1).pairs);
    }
  }
}

TEST_CASE("MoBA with top_k 1 is block-diagonal and routes nothing") {
  const AttentionCount blocks = count(Moba{100, 1}, 1000);
  REQUIRE(blocks.pairs == 10 * count(FullAttention{}, 100).pairs);
  REQUIRE(blocks.gate_pairs == 0);
  REQUIRE(blocks.picks == 0);
  REQUIRE(blocks.blocks == 0);
}

}  // namespace mobasim::tests::attention_count_test
