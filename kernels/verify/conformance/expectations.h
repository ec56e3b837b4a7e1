// What goes into each probe and what must come out of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mobasim::kernels::conformance {

using WordList = std::vector<std::uint32_t>;

struct Expectation {
  std::string name;  // of the probe
  WordList input;
  WordList before;                                        // what `out` holds when the probe begins
  std::function<std::string(const WordList& out)> wrong;  // what is wrong with it, or ""
};

// `out` word by word; it begins as a word that none of them expects.
[[nodiscard]] Expectation exactly(std::string name, WordList input, WordList expected);

// The same list of words for the same seed: any bits.
[[nodiscard]] WordList random_words(std::size_t count, std::uint32_t seed);

[[nodiscard]] std::vector<Expectation> thread_expectations();
[[nodiscard]] std::vector<Expectation> memory_expectations();
[[nodiscard]] std::vector<Expectation> matrix_expectations();
[[nodiscard]] std::vector<Expectation> number_expectations();

}  // namespace mobasim::kernels::conformance
