// mobasim fit as a test runs it, and its tables as a program would read them.
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "sim/base/csv.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests {

using Words = std::vector<std::string>;

inline Outcome outcome_of_fit(const ScratchFolder& folder, const Words& words, const Words& more = {}) {
  Words arguments = {"fit"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return outcome_of_program(arguments, folder.path());
}

// What a fit of data that are good prints.
inline CsvTable table_of(const Outcome& outcome) {
  INFO("stderr: " << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return CsvTable::from_text(outcome.out, "stdout");
}
inline CsvTable table_in(const std::filesystem::path& file) { return CsvTable::read(file); }

inline std::string text_in(const CsvTable& table, std::size_t row, const std::string& column) {
  return std::string(table.text(row, table.column(column)));
}
inline double number_in(const CsvTable& table, std::size_t row, const std::string& column) {
  return table.number(row, table.column(column));
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// No number of a result is infinite or none: neither word stands in a field of its own, as programs would print it.
inline bool is_finite_text(const std::string& text) {
  std::string word;
  for (const char c : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
    } else {
      if (word == "inf" || word == "nan" || word == "Infinity" || word == "NaN") return false;
      word.clear();
    }
  }
  return true;
}

inline std::vector<std::string> files_below(const ScratchFolder& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Rows "x,y" of a law that is known, to full precision, each times exp(scatter times a number from -1 to 1).
class Rows {
 public:
  explicit Rows(std::string header) : text_(std::move(header) + "\n") {}
  void add(const std::string& before, const std::vector<double>& numbers) {
    text_ += before;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.17g", numbers[i]);
      text_ += (i == 0 ? "" : ",") + std::string(digits);
    }
    text_ += '\n';
  }
  [[nodiscard]] double noise(double scatter) {
    seed_ = seed_ * 1664525u + 1013904223u;
    return std::exp(scatter * (static_cast<double>(seed_ >> 8) / 8388608.0 - 1));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  unsigned seed_ = 1;
};

// compute,loss of p3: floor 1.5, a 4, b 0.1, at 1, 10, ..
inline std::string curve_of_compute(int points, double scatter, double floor = 1.5) {
  Rows rows("compute,loss");
  for (int i = 0; i < points; ++i) {
    const double x = std::pow(10, i);
    rows.add("", {x, (floor + 4 * std::pow(x, -0.1)) * rows.noise(scatter)});
  }
  return rows.text();
}

// parameters,tokens,loss of Chinchilla's law: floor 1.7, 400 N^-0.34, 410 D^-0.28.
inline std::string grid_of_sizes(const std::vector<double>& sizes, const std::vector<double>& tokens, double scatter) {
  Rows rows("params,toks,loss");
  for (const double n : sizes) {
    for (const double d : tokens) {
      rows.add("", {n, d, (1.7 + 400 * std::pow(n, -0.34) + 410 * std::pow(d, -0.28)) * rows.noise(scatter)});
    }
  }
  return rows.text();
}
inline const std::vector<double> kSizes = {1e7, 3e7, 1e8, 3e8, 1e9};
inline const std::vector<double> kTokens = {1e9, 3e9, 1e10, 3e10};

inline const Words kOfCompute = {"d.csv", "--compute", "compute", "--loss", "loss"};
inline const Words kChinchilla = {"d.csv",    "--law", "chinchilla", "--parameters", "params",
                                  "--tokens", "toks",  "--loss",     "loss"};

}  // namespace mobasim::tests
