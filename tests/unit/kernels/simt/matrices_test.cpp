// ldmatrix and mma against plain loops over matrices, and the two models of rounding.
#include <cmath>
#include <random>

#include "kernels/simt/simt.h"
#include "tests/catch.h"
#include "tests/unit/kernels/simt/fixture.h"

namespace mobasim::tests::matrices_test {
namespace {

using namespace kernels;
using namespace kernels::simt;

constexpr int kRows = 16, kColumns = 8, kDepth = 16;

struct Product {
  const std::uint16_t *a, *b;  // [16, 16], [8, 16]: b by columns
  const float* start;          // [16, 8]
  float* d;                    // [16, 8]
};

// One warp: a and b through shared memory and ldmatrix, rows of 32 bytes.
template <class Element>
void product_kernel(Product p) {
  const auto a = rows_of(p.a, "a", kRows, kDepth, kDepth), b = rows_of(p.b, "b", kColumns, kDepth, kDepth);
  const auto start = rows_of(p.start, "start", kRows, kColumns, kColumns);
  const auto d = rows_of(p.d, "d", kRows, kColumns, kColumns);
  const int lane = lane_index();
  const SharedAddress a_tile = shared_base(), b_tile = a_tile + kRows * kDepth * 2;
  cp_async_16(a_tile + 16u * static_cast<unsigned>(lane), a, lane / 2, lane % 2 * 8, true);
  if (lane < 16) cp_async_16(b_tile + 16u * static_cast<unsigned>(lane), b, lane / 2, lane % 2 * 8, true);
  cp_async_commit();
  cp_async_wait<0>();
  sync_warp();
  std::uint32_t left[4], right[4];
  ldmatrix(left, a_tile + 32u * static_cast<unsigned>(lane % 16) + 16u * static_cast<unsigned>(lane / 16));
  ldmatrix(right, b_tile + 32u * static_cast<unsigned>(lane % 8) + 16u * static_cast<unsigned>(lane / 8 % 2));
  const int g = lane / 4, c = 2 * (lane % 4);
  float sum[4];
  for (int i = 0; i < 4; ++i) sum[i] = load(start, g + 8 * (i / 2), c + i % 2);
  mma<Element>(sum, left, right[0], right[1]);
  for (int i = 0; i < 4; ++i) store(d, g + 8 * (i / 2), c + i % 2, sum[i]);
}

struct Problem {
  std::vector<std::uint16_t> a, b;
  std::vector<float> start;
};

template <class Element>
Problem random_problem(unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Problem problem;
  for (int i = 0; i < kRows * kDepth; ++i) {
    problem.a.push_back(static_cast<std::uint16_t>(pack<Element>(normal(generator), 0)));
  }
  for (int i = 0; i < kColumns * kDepth; ++i) {
    problem.b.push_back(static_cast<std::uint16_t>(pack<Element>(normal(generator), 0)));
  }
  for (int i = 0; i < kRows * kColumns; ++i) problem.start.push_back(normal(generator));
  return problem;
}

template <class Element>
float value(std::uint16_t bits) {
  float low, high;
  unpack<Element>(bits, low, high);
  return low;
}

template <class Element>
std::vector<float> by_kernel(const Problem& problem) {
  const Device<std::uint16_t> a(problem.a), b(problem.b);
  const Device<float> start(problem.start), d(problem.start.size());
  MOBASIM_LAUNCH(nullptr, (cuda::LaunchShape{{1}, 32, 768}), (Product{a.data(), b.data(), start.data(), d.data()}),
                 product_kernel<Element>);
  return d.values();
}

TEMPLATE_TEST_CASE("mma of what ldmatrix loads is a chain of fused multiply-adds over k", "", Bf16, Fp16) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Problem problem = random_problem<TestType>(seed);
    const std::vector<float> d = by_kernel<TestType>(problem);
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) {
        float sum = problem.start[i * kColumns + j];
        for (int k = 0; k < kDepth; ++k) {
          sum = std::fma(value<TestType>(problem.a[i * kDepth + k]), value<TestType>(problem.b[j * kDepth + k]), sum);
        }
        REQUIRE(d[i * kColumns + j] == sum);
      }
    }
  }
}

TEMPLATE_TEST_CASE("truncating mma stays below the exact sum of magnitudes, and within 9 cuts of 2^-23", "", Bf16,
                   Fp16) {
  const Session session({.rounding = Rounding::truncating});
  int different = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Problem problem = random_problem<TestType>(seed);
    const std::vector<float> d = by_kernel<TestType>(problem);
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) {
        double sum = problem.start[i * kColumns + j], largest = std::fabs(sum);
        for (int k = 0; k < kDepth; ++k) {
          const double term = static_cast<double>(value<TestType>(problem.a[i * kDepth + k])) *
                              value<TestType>(problem.b[j * kDepth + k]);
          sum += term;
          largest += std::fabs(term);
        }
        const double error = std::fabs(d[i * kColumns + j] - sum);
        REQUIRE(error <= 20 * 0x1p-23 * largest);
        if (d[i * kColumns + j] != static_cast<float>(sum)) ++different;
      }
    }
  }
  CHECK(different > 100);
}

TEST_CASE("truncating mma cuts what lies 24 bits below the largest product, and cuts towards zero") {
  const Session session({.rounding = Rounding::truncating});
  Problem problem{std::vector<std::uint16_t>(kRows * kDepth), std::vector<std::uint16_t>(kColumns * kDepth),
                  std::vector<float>(kRows * kColumns)};
  const auto one = static_cast<std::uint16_t>(pack<Bf16>(1, 0));
  for (int j = 0; j < kColumns; ++j)
    problem.b[j * kDepth] = problem.b[j * kDepth + 1] = problem.b[j * kDepth + 2] = one;
  const float tiny = 0x1p-24f;
  for (const float sign : {1.f, -1.f}) {
    for (int i = 0; i < kRows; ++i) {
      problem.a[i * kDepth] = static_cast<std::uint16_t>(pack<Bf16>(sign, 0));
      // Together one unit of the sum: exact arithmetic has it, alignment loses both halves.
      for (int k = 1; k < 3; ++k) problem.a[i * kDepth + k] = static_cast<std::uint16_t>(pack<Bf16>(sign * tiny, 0));
    }
    for (const float d : by_kernel<Bf16>(problem)) REQUIRE(d == sign);
  }
}

TEST_CASE("NaN and infinity go through mma in both models") {
  for (const Rounding rounding : {Rounding::exact, Rounding::truncating}) {
    const Session session({.rounding = rounding});
    Problem problem = random_problem<Bf16>(3);
    problem.a[5 * kDepth + 7] = 0x7fc0;
    problem.start[2 * kColumns + 1] = infinity();
    const std::vector<float> d = by_kernel<Bf16>(problem);
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) {
        REQUIRE(std::isnan(d[i * kColumns + j]) == (i == 5));
        REQUIRE(std::isinf(d[i * kColumns + j]) == (i == 2 && j == 1));
      }
    }
  }
}

struct Matrices {
  std::uint32_t* out;  // [2, 32, 4]
};

// Shared memory holds 0, 1, 2, ... as 16-bit numbers: matrix i begins at byte 128 i, its rows stand 16 bytes apart.
void matrices_kernel(Matrices p) {
  const auto out = rows_of(p.out, "out", 64, 4, 4);
  const int lane = lane_index();
  const auto first = static_cast<std::uint32_t>(8 * lane);
  const auto pair = [&](std::uint32_t i) { return (first + 2 * i) | (first + 2 * i + 1) << 16; };
  const SharedAddress row = shared_base() + 16u * static_cast<unsigned>(lane);
  store_shared(row, Word4{pair(0), pair(1), pair(2), pair(3)});
  sync_warp();
  std::uint32_t plain[4], transposed[4];
  ldmatrix(plain, row);
  ldmatrix_transposed(transposed, row);
  store(out, lane, 0, Word4{plain[0], plain[1], plain[2], plain[3]});
  store(out, 32 + lane, 0, Word4{transposed[0], transposed[1], transposed[2], transposed[3]});
}

TEST_CASE("ldmatrix gives each lane two neighbours of a row, or of a column") {
  const Device<std::uint32_t> out(256);
  MOBASIM_LAUNCH(nullptr, (cuda::LaunchShape{{1}, 32, 512}), Matrices{out.data()}, matrices_kernel);
  const std::vector<std::uint32_t> got = out.values();
  const auto number = [](int matrix, int row, int column) {
    return static_cast<std::uint32_t>(64 * matrix + 8 * row + column);
  };
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int line = lane / 4, two = 2 * (lane % 4);
      CHECK(got[lane * 4 + i] == (number(i, line, two) | number(i, line, two + 1) << 16));
      CHECK(got[(32 + lane) * 4 + i] == (number(i, two, line) | number(i, two + 1, line) << 16));
    }
  }
}

}  // namespace
}  // namespace mobasim::tests::matrices_test
