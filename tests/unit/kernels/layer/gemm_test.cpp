#include "kernels/layer/gemm.h"

#include <cmath>
#include <string>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/random.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::gemm_test {
using namespace kernels;

namespace {

template <class T>
std::vector<T> random_values(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    const float wide = static_cast<float>(random.normal());
    if constexpr (std::is_same_v<T, Bf16>) {
      value = narrowed(wide);
    } else {
      value = wide;
    }
  }
  return values;
}

// The greatest error of a product over what its rounding allows: u of the stored format times |c|, and of f32 sums (k
// of them) times the sum of absolute terms (Higham 2002, section 3.1).
template <class T>
double worst_error(const GemmShape& shape, int threads) {
  const auto [m, n, k, dtype, transpose_a, transpose_b] = shape;
  const std::vector<T> a = random_values<T>(m * k, 1), b = random_values<T>(k * n, 2);
  std::vector<T> c(static_cast<std::size_t>(m * n));
  Gemm product(shape, threads);
  product.run(a.data(), b.data(), c.data());
  double worst = 0;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0, absolute = 0;
      for (std::int64_t p = 0; p < k; ++p) {
        const double x = widened(a[static_cast<std::size_t>(transpose_a ? p * m + i : i * k + p)]);
        const double y = widened(b[static_cast<std::size_t>(transpose_b ? j * k + p : p * n + j)]);
        sum += x * y;
        absolute += std::abs(x * y);
      }
      const double stored = dtype == Dtype::bf16 ? std::ldexp(1.0, -8) * std::abs(sum) : 0;
      const double bound = stored + static_cast<double>(k) * std::ldexp(1.0, -24) * absolute;
      const double found = widened(c[static_cast<std::size_t>(i * n + j)]);
      worst = std::max(worst, std::abs(found - sum) / bound);
    }
  }
  return worst;
}

// Some processors have no kernel for bf16.
bool supported(const GemmShape& shape) {
  try {
    Gemm product(shape, 1);
    return true;
  } catch (const Unsupported& error) {
    CHECK(std::string(error.what()).find(gemm_library()) != std::string::npos);
    return false;
  }
}

}  // namespace

TEST_CASE("matrix products are right in each layout, format and number of threads") {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const int threads : {1, 2}) {
        GemmShape shape{33, 70, 129, Dtype::f32, transpose_a, transpose_b};
        INFO(transpose_a << transpose_b << " threads " << threads);
        CHECK(worst_error<float>(shape, threads) < 1);
        shape.dtype = Dtype::bf16;
        if (supported(shape)) CHECK(worst_error<Bf16>(shape, threads) < 1);
      }
    }
  }
}

TEST_CASE("one product runs on other matrices, too") {
  Gemm product({1, 1, 2}, 1);
  const std::vector<float> a = {1, 2}, b = {3, 4}, other = {5, 6};
  float c = 0;
  product.run(a.data(), b.data(), &c);
  CHECK(c == 11);
  product.run(a.data(), other.data(), &c);
  CHECK(c == 17);
}

TEST_CASE("a product of no size and a format that nothing multiplies are refused") {
  CHECK_THROWS_AS(Gemm({0, 1, 1}, 1), ConfigError);
  CHECK_THROWS_AS(Gemm({1, 1, 1, Dtype::fp16}, 1), ConfigError);
}

}  // namespace mobasim::tests::gemm_test
