// Views of global memory, atomics, shared memory and asynchronous copies.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "kernels/verify/conformance/expectations.h"
#include "kernels/verify/conformance/probes.h"

namespace mobasim::kernels::conformance {
namespace {

// 16-bit number i of a list of words, the low half first (little-endian, as on every GPU).
std::uint32_t half(const WordList& words, std::uint32_t i) { return words[i / 2] >> (16 * (i % 2)) & 0xffff; }

Expectation loads() {
  WordList input = random_words(96, 5), expected;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    const std::uint32_t row = 12 * (t / 8), column = t % 8;
    expected.push_back(input[row + column]);
    for (std::uint32_t i = 0; i < 4; ++i) expected.push_back(input[row + column / 4 * 4 + i]);
    for (std::uint32_t i = 0; i < 2; ++i) expected.push_back(input[row + column / 2 * 2 + i]);
    expected.push_back(half(input, 2 * row + column));
    expected.push_back(half(input, 2 * row + column + 8));
    expected.push_back(input[row + column]);
  }
  return exactly("load, load_as", std::move(input), std::move(expected));
}

Expectation stores() {
  WordList input = random_words(kThreads, 6), expected(384, 0x5a5a5a5a);
  const WordList before = expected;
  for (std::uint32_t i = 0; i < 16; ++i) {
    const std::uint32_t row = 12 * (i / 2), odd = i % 2;
    for (std::uint32_t j = 0; j < 4; ++j) expected[row + 4 * odd + j] = input[i] + j;
    for (std::uint32_t j = 0; j < 2; ++j) expected[96 + row + 4 * odd + 2 + j] = input[16 + i] + j;
    expected[192 + row + 5 + odd] = input[32 + i];
    std::uint32_t& word = expected[288 + row + 9 * odd / 2];  // number 0: a low half; number 9: a high half
    word = odd ? (word & 0xffff) | input[48 + i] << 16 : (word & 0xffff0000) | (input[48 + i] & 0xffff);
  }
  Expectation stored = exactly("store", std::move(input), std::move(expected));
  stored.before = before;
  return stored;
}

// Whole numbers, whose sum is the same in every order.
Expectation float_sums() {
  std::vector<float> sums(4);
  for (int i = 0; i < kThreads * kAtomicBlocks; ++i) sums[i % 4] += static_cast<float>(i + 1);
  WordList expected;
  for (const float sum : sums) expected.push_back(std::bit_cast<std::uint32_t>(sum));
  Expectation added = exactly("atomic_add f32", {}, std::move(expected));
  added.before.assign(4, 0);
  return added;
}

// n threads added 1 to the first word and -3 or 2 to the second; the words from 2 on are what they found there.
std::string wrong_counts(const WordList& out, std::uint32_t n) {
  if (out[0] != n) return fmt::format("{} threads added 1 each, and the sum is {}", n, out[0]);
  const int second = static_cast<int>(out[1]), expected = -static_cast<int>(n / 2);
  if (second != expected) return fmt::format("the sum is {}, expected {}", second, expected);
  WordList found(out.begin() + 2, out.end());
  std::sort(found.begin(), found.end());
  for (std::uint32_t i = 0; i < n; ++i) {
    if (found[i] != i) return fmt::format("no thread found {} standing there before its own addition", i);
  }
  return "";
}

Expectation integer_sums(const char* name, std::uint32_t threads) {
  WordList before(2 + threads, ~0u);
  before[0] = before[1] = 0;
  return {name, {0}, before, [threads](const WordList& out) { return wrong_counts(out, threads); }};
}

Expectation shared_widths() {
  WordList input = random_words(kThreads, 7), expected;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    const std::uint32_t x = input[(t + 33) % kThreads];
    const std::uint32_t values[] = {x + 2, x + 3, x + 5, x, x + 6, x + 4, x + 5, 0};
    expected.insert(expected.end(), std::begin(values), std::end(values));
  }
  return exactly("load_shared, store_shared", std::move(input), std::move(expected));
}

Expectation copies() {
  WordList input = random_words(kThreads + 4 * kThreads, 8), expected;
  for (std::uint32_t t = 0; t < kThreads; ++t) input[t] = t % 3 == 1 || t == 63 ? 0 : 1;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    const std::uint32_t other = (t + 33) % kThreads, from = other * 5 % kThreads;
    for (std::uint32_t i = 0; i < 4; ++i) expected.push_back(input[other] ? input[kThreads + 4 * from + i] : 0);
  }
  return exactly("cp_async_16", std::move(input), std::move(expected));
}

Expectation groups() {
  const WordList words = random_words(4 * 256, 9);
  return exactly("cp_async_commit, cp_async_wait", words, words);
}

}  // namespace

std::vector<Expectation> memory_expectations() {
  return {loads(),         stores(),
          float_sums(),    integer_sums("atomic_add int", kThreads * kAtomicBlocks),
          shared_widths(), integer_sums("atomic_add_shared", kThreads),
          copies(),        groups()};
}

}  // namespace mobasim::kernels::conformance
