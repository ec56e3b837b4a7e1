// Results for people: the tables of docs/performance.md and the lengths from which MoBA pays. A number that falls short
// of its goal is bold.
#pragma once

#include <string>
#include <vector>

#include "tests/benchmark/attention/results.h"

namespace mobasim::benchmark {

// In Markdown.
[[nodiscard]] std::string full_tables(const std::vector<Result>& results);
[[nodiscard]] std::string yardstick_table(const std::vector<Result>& results);
[[nodiscard]] std::string moba_tables(const std::vector<Result>& results);
// From which length on MoBA is faster than full attention: between two lengths by a straight line through the
// logarithms of length and speed-up.
[[nodiscard]] std::string break_even_table(const std::vector<Result>& results);

}  // namespace mobasim::benchmark
