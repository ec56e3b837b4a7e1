// ldmatrix and mma: which lane holds what (PTX ISA 9.0, 9.7.14.5.8 and 9.7.14.5.15), and what the product is.
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "kernels/random.h"
#include "kernels/verify/conformance/expectations.h"
#include "kernels/verify/conformance/numbers.h"
#include "kernels/verify/conformance/probes.h"

namespace mobasim::kernels::conformance {
namespace {

constexpr std::uint32_t kLanes = 32;

// The probe keeps row s at slot s, and lane l = 8 i + j names slot (13 l + 5) mod 32 as row j of matrix i. Element e of
// slot s is the number 8 s + e.
std::uint32_t element(std::uint32_t matrix, std::uint32_t row, std::uint32_t column) {
  return 8 * ((13 * (8 * matrix + row) + 5) % kLanes) + column;
}

Expectation matrices(const char* name, bool transposed) {
  WordList input, expected;
  for (std::uint32_t i = 0; i < kLanes * 8; i += 2) input.push_back(i | (i + 1) << 16);
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    const std::uint32_t row = t % kLanes / 4, column = 2 * (t % 4);
    for (std::uint32_t matrix = 0; matrix < 4; ++matrix) {
      const std::uint32_t low = transposed ? element(matrix, column, row) : element(matrix, row, column);
      const std::uint32_t high = transposed ? element(matrix, column + 1, row) : element(matrix, row, column + 1);
      expected.push_back(low | high << 16);
    }
  }
  return exactly(name, std::move(input), std::move(expected));
}

// d [16, 8] = a [16, 16] b [16, 8] + c [16, 8]
struct Product {
  double a[16][16], b[16][8], c[16][8];
};

enum Fill { kWholeNumbers, kFractions, kSubnormals, kSpecial };

Product product_of(Fill fill, const NumberFormat& format, Random& random) {
  const auto drawn = [&](int greatest) -> double {
    if (fill == kFractions) return value_of(nearest(random.normal(), format), format);
    const auto whole = static_cast<double>(random.whole(-greatest, greatest));
    return fill == kSubnormals ? std::ldexp(whole, format.least_exponent - 5) : whole;
  };
  Product product;
  for (auto& row : product.a) {
    for (double& x : row) x = drawn(255);
  }
  for (auto& row : product.b) {  // subnormal numbers times large ones: what is flushed is missed
    for (double& x : row) x = fill == kSubnormals ? static_cast<double>(random.whole(-127, 127)) : drawn(255);
  }
  for (auto& row : product.c) {
    for (double& x : row) x = fill == kSubnormals ? 0 : fill == kFractions ? random.normal() : drawn(1000000);
  }
  if (fill == kSpecial) {
    product.a[3][5] = INFINITY;
    product.b[5][2] = 0;  // infinity times zero: NaN in element (3, 2), infinities or NaN along the row
    product.b[9][6] = NAN;
    product.c[14][1] = -INFINITY;
  }
  return product;
}

// The registers of a lane: a[4], b[2] and c[4]. Element i of a fragment is in register i / 2, half i % 2.
void add_registers(WordList& input, const Product& product, std::uint32_t lane, const NumberFormat& format) {
  const std::uint32_t group = lane / 4, in_group = lane % 4;
  std::uint32_t a[4] = {}, b[2] = {};
  for (std::uint32_t i = 0; i < 8; ++i) {
    const std::uint32_t row = i < 2 || (i >= 4 && i < 6) ? group : group + 8;
    const std::uint32_t column = 2 * in_group + i % 2 + (i >= 4 ? 8 : 0);
    const double x = product.a[row][column];
    a[i / 2] |= (std::isnan(x) ? 0x7fff : nearest(x, format)) << (16 * (i % 2));
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    const double x = product.b[2 * in_group + i % 2 + (i >= 2 ? 8 : 0)][group];
    b[i / 2] |= (std::isnan(x) ? 0x7fff : nearest(x, format)) << (16 * (i % 2));
  }
  input.insert(input.end(), std::begin(a), std::end(a));
  input.insert(input.end(), std::begin(b), std::end(b));
  for (std::uint32_t i = 0; i < 4; ++i) {
    const double x = product.c[i < 2 ? group : group + 8][2 * in_group + i % 2];
    input.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(x)));
  }
}

// Whole numbers below 2^24 come out exactly in any order of summation. Otherwise the order and the rounding of the sum
// are not documented, only that it is of at least f32: 17 terms, each within a step of the largest of them.
std::string wrong_element(const Product& product, int row, int column, float got) {
  double sum = static_cast<float>(product.c[row][column]), largest = std::fabs(sum);
  bool whole = true;
  for (int k = 0; k < 16; ++k) {
    const double term = product.a[row][k] * product.b[k][column];
    sum += term;
    largest = std::max(largest, std::fabs(term));
    whole = whole && term == std::nearbyint(term);
  }
  const double bound = whole ? 0 : 17 * 0x1p-22 * largest;
  const bool close = std::isfinite(sum) && std::fabs(got - sum) <= bound;
  if (close || got == sum || (std::isnan(sum) && std::isnan(got))) return "";
  return fmt::format("element ({}, {}) is {:.9g}, expected {:.9g} within {:.3g}", row, column, got, sum, bound);
}

Expectation products(const char* name, NumberFormat format) {
  Random random(10);
  std::vector<Product> problems;
  WordList input;
  for (int i = 0; i < kMatrixProblems; ++i) {
    problems.push_back(product_of(static_cast<Fill>(i % 4), format, random));
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) add_registers(input, problems.back(), lane, format);
  }
  const auto wrong = [problems](const WordList& out) -> std::string {
    for (std::size_t at = 0; at < out.size(); ++at) {
      const int lane = static_cast<int>(at / 4 % kLanes), i = static_cast<int>(at % 4);
      const std::string found = wrong_element(problems[at / 4 / kLanes], i < 2 ? lane / 4 : lane / 4 + 8,
                                              2 * (lane % 4) + i % 2, std::bit_cast<float>(out[at]));
      if (!found.empty()) return fmt::format("problem {}, lane {}, register {}: {}", at / 4 / kLanes, lane, i, found);
    }
    return "";
  };
  return {name, std::move(input), WordList(kMatrixProblems * kLanes * 4, 0x12345678), wrong};
}

}  // namespace

std::vector<Expectation> matrix_expectations() {
  return {matrices("ldmatrix", false), matrices("ldmatrix_transposed", true), products("mma bf16", kBf16),
          products("mma fp16", kFp16)};
}

}  // namespace mobasim::kernels::conformance
