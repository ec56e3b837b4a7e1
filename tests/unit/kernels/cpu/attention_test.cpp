#include "kernels/cpu/attention.h"

#include <cmath>
#include <cstring>

#include "kernels/verify/verify.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::attention_test {
using namespace kernels;

namespace {

template <class T>
struct Result {
  Forward<T> forward;
  Gradients<T> gradients;
};

template <class T>
struct Values {
  std::vector<T> q, k, v, d_o;
  explicit Values(const Tensors& tensors)
      : q(stored_values(tensors.q)),
        k(stored_values(tensors.k)),
        v(stored_values(tensors.v)),
        d_o(stored_values(tensors.d_o)) {}
  [[nodiscard]] Inputs<T> view() const { return {q, k, v, d_o}; }

 private:
  static std::vector<T> stored_values(const std::vector<float>& values) {
    std::vector<T> out;
    for (const float value : values) out.push_back(stored<T>(value));
    return out;
  }
};

template <class T>
Result<T> computed(const Problem& problem, const Tensors& tensors, const cpu::Options& options) {
  const Values<T> values(tensors);
  Result<T> result;
  cpu::forward(problem, values.view(), options, result.forward);
  cpu::backward(problem, values.view(), result.forward, options, result.gradients);
  return result;
}

// Bit for bit; NaN equals NaN.
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

template <class T>
bool same(const Result<T>& a, const Result<T>& b) {
  return same(a.forward.o, b.forward.o) && same(a.forward.lse, b.forward.lse) &&
         a.forward.selection.picks == b.forward.selection.picks && same(a.gradients.dq, b.gradients.dq) &&
         same(a.gradients.dk, b.gradients.dk) && same(a.gradients.dv, b.gradients.dv);
}

const std::vector<Dtype> kDtypes = {Dtype::f32, Dtype::bf16};

}  // namespace

TEST_CASE("the CPU kernels are within the bound on every case, f32 and bf16") {
  for (const Dtype dtype : kDtypes) {
    for (const Case& row : cases_for(Purpose::verify)) {
      for (const verify::Row& result : verify::rows_of(row, cpu_backend({dtype}))) {
        INFO(result.case_name << " " << name(dtype) << " " << result.pass_name << ": " << result.note);
        CHECK(result.verdict ==
              (row.problem.mechanism == Mechanism::sliding_window ? verify::Verdict::skipped : verify::Verdict::pass));
      }
    }
  }
}

TEST_CASE("every instruction set that this processor has is within the bound") {
  for (const cpu::MicroKernels* micro : cpu::micro_kernels()) {
    for (const Dtype dtype : kDtypes) {
      for (const Case& row : cases_for(Purpose::verify)) {
        if (tokens(row.problem) * row.problem.heads > 800) continue;
        for (const verify::Row& result : verify::rows_of(row, cpu_backend({dtype, 1, micro}))) {
          INFO(micro->name << " " << result.case_name << " " << name(dtype) << " " << result.pass_name << ": "
                           << result.note);
          CHECK(result.verdict != verify::Verdict::fail);
        }
      }
    }
  }
}

TEST_CASE("an instruction set is found by its name, and another name is refused with those that there are") {
  for (const cpu::MicroKernels* micro : cpu::micro_kernels()) CHECK(&cpu::micro_kernels_named(micro->name) == micro);
  CHECK_THROWS_WITH(cpu::micro_kernels_named("avx"), ContainsSubstring("it has") && ContainsSubstring("scalar"));
}

TEMPLATE_TEST_CASE("the result depends neither on the run nor on the number of threads nor on memory used before", "",
                   float, Bf16) {
  cpu::Workspace workspace;
  for (const char* name : {"full_varlen", "full_600_d128", "moba_varlen", "moba_grouped_8_to_1", "moba_top_1"}) {
    const Case row = case_named(cases(), name);
    const Tensors tensors = filled(row.problem, row.fill, 2);
    const Result<TestType> once = computed<TestType>(row.problem, tensors, {1});
    INFO(name);
    CHECK(same(once, computed<TestType>(row.problem, tensors, {1})));
    for (const int threads : {2, 3, 7}) CHECK(same(once, computed<TestType>(row.problem, tensors, {threads})));
    CHECK(same(once, computed<TestType>(row.problem, tensors, {2, nullptr, Dtype::f32, &workspace})));
  }
}

TEMPLATE_TEST_CASE("gradients are the same however large the squares are that threads share out", "", float, Bf16) {
  const Problem problem{Mechanism::full, {0, 1100}, 4, 2, 32};
  const Tensors tensors = filled(problem, Fill::normal, 5);
  const Result<TestType> once = computed<TestType>(problem, tensors, {1});
  for (const int threads : {2, 3, 7}) CHECK(same(once, computed<TestType>(problem, tensors, {threads})));
}

TEMPLATE_TEST_CASE("MoBA with top_k >= blocks computes what full attention computes, bit for bit", "", float, Bf16) {
  const Problem full{Mechanism::full, {0, 300, 411}, 4, 2, 64, 0, 0, 0};
  Problem moba = full;
  moba.mechanism = Mechanism::moba;
  moba.block = 64;
  moba.top_k = 5;
  const Tensors tensors = filled(full, Fill::normal, 4);
  Result got = computed<TestType>(moba, tensors, {}), wanted = computed<TestType>(full, tensors, {});
  CHECK(std::all_of(got.forward.selection.picks.begin(), got.forward.selection.picks.end(),
                    [](std::int32_t pick) { return pick == -1; }));
  got.forward.selection = wanted.forward.selection;
  CHECK(same(got, wanted));
}

TEMPLATE_TEST_CASE("a NaN stays with the queries that see it", "", float, Bf16) {
  const Case row = case_named(cases(), "full_nan_key");
  const Tensors tensors = filled(row.problem, row.fill, 1);
  const Result result = computed<TestType>(row.problem, tensors, {});
  const std::int64_t row_size = row.problem.heads * row.problem.head_dim;
  const std::int64_t place = key_size(row.problem) / 2;  // where the NaN stands: token and head
  const std::int64_t token = place / row_size, head = place % row_size / row.problem.head_dim;
  for (std::int64_t t = 0; t < tokens(row.problem); ++t) {
    for (std::int64_t h = 0; h < row.problem.heads; ++h) {
      const float o = widened(result.forward.o[static_cast<std::size_t>(t * row_size + h * row.problem.head_dim)]);
      CHECK(std::isnan(o) == (t >= token && h == head));
    }
  }
}

TEST_CASE("bf16 tensors give what f32 kernels make of the same numbers, to the rounding of bf16") {
  // Also blocks of an odd number of keys, which are computed in f32, and sequences of odd length.
  for (const Problem& problem : {Problem{Mechanism::full, {0, 33, 34, 201}, 2, 1, 40, 0, 0, 0},
                                 Problem{Mechanism::moba, {0, 7, 300}, 2, 2, 64, 31, 3, 0},
                                 Problem{Mechanism::moba, {0, 7, 300}, 2, 2, 64, 32, 3, 0}}) {
    const Tensors tensors = rounded(filled(problem, Fill::normal, 3), Dtype::bf16);
    const Result<float> wide = computed<float>(problem, tensors, {0, nullptr, Dtype::bf16});
    const Result<Bf16> narrow = computed<Bf16>(problem, tensors, {});
    CHECK(wide.forward.selection.picks == narrow.forward.selection.picks);
    for (std::size_t i = 0; i < wide.forward.o.size(); ++i) {
      REQUIRE(std::abs(wide.forward.o[i] - widened(narrow.forward.o[i])) < 0x1p-6f);
    }
  }
}

TEST_CASE("bf16 rounds to nearest, ties to even, and keeps NaN and infinity") {
  CHECK(narrowed(1.0f).bits == 0x3f80);
  CHECK(widened(narrowed(1.0f + 0x1p-8f)) == 1.0f);            // a tie
  CHECK(widened(narrowed(1.0f + 0x3p-8f)) == 1.0f + 0x4p-8f);  // a tie
  CHECK(widened(narrowed(1.0f + 0x1.1p-8f)) == 1.0f + 0x2p-8f);
  CHECK(std::isnan(widened(narrowed(std::nanf("")))));
  CHECK(std::isinf(widened(narrowed(3.4e38f))));
}

TEST_CASE("what the CPU kernels do not compute they refuse") {
  const Problem window{Mechanism::sliding_window, {0, 8}, 1, 1, 8, 0, 0, 4};
  const Tensors tensors = filled(window, Fill::normal, 1);
  Forward<float> forward;
  CHECK_THROWS_AS(cpu::forward(window, tensors.view(), {}, forward), mobasim::Unsupported);
  const Problem other{Mechanism::full, {0, 9}, 1, 1, 8, 0, 0, 0};  // tensors are for 8 tokens
  CHECK_THROWS_AS(cpu::forward(other, tensors.view(), {}, forward), mobasim::ConfigError);
}

TEST_CASE("the exponential of the inner loops is e to the power, 0 where that underflows, NaN for NaN") {
  for (const cpu::MicroKernels* micro : cpu::micro_kernels()) {
    INFO(micro->name);
    const auto softmax = [&](std::vector<float>& scores, std::int64_t keys) {
      std::vector<float> m(cpu::kLanes, -1e30f), sum(cpu::kLanes, 0.0f), factor(cpu::kLanes);
      micro->f32.softmax({scores.data(), keys, cpu::kLanes, 1.0, nullptr}, {m.data(), sum.data(), factor.data()});
    };
    double worst = 0;
    for (float x = -87.0f; x <= 0; x += 0.37f) {
      std::vector<float> scores(2 * cpu::kLanes, 0.0f);
      scores[cpu::kLanes] = x;  // beside a score of 0: p = exp(x)
      softmax(scores, 2);
      CHECK(scores[0] == 1.0f);
      worst =
          std::max(worst, std::abs(static_cast<double>(scores[cpu::kLanes]) / std::exp(static_cast<double>(x)) - 1));
    }
    CHECK(worst < 0x1p-22);
    std::vector<float> scores(2 * cpu::kLanes, 0.0f);
    scores[cpu::kLanes] = -1000.0f;
    scores[cpu::kLanes + 1] = std::nanf("");
    softmax(scores, 2);
    CHECK(scores[cpu::kLanes] == 0.0f);
    CHECK(std::isnan(scores[cpu::kLanes + 1]));
  }
}

TEST_CASE("products of each instruction set are those of plain loops, also with few rows, few columns and strides") {
  for (const cpu::MicroKernels* micro : cpu::micro_kernels()) {
    for (const std::int64_t rows : {1, 3, 7, 8, 21}) {
      for (const std::int64_t columns : {16, 32, 48, 64, 112}) {
        constexpr std::int64_t kDepth = 5;
        std::vector<float> a(static_cast<std::size_t>(rows * kDepth)), b(static_cast<std::size_t>(kDepth * columns));
        fill_normal(a, 1);
        fill_normal(b, 2);
        std::vector<float> c(static_cast<std::size_t>(rows * columns), 1.0f), expected = c;
        for (std::int64_t i = 0; i < rows; ++i) {
          for (std::int64_t j = 0; j < columns; ++j) {
            for (std::int64_t p = 0; p < kDepth; ++p) {
              expected[static_cast<std::size_t>(i * columns + j)] +=
                  a[static_cast<std::size_t>(p * rows + i)] * b[static_cast<std::size_t>(p * columns + j)];
            }
          }
        }
        micro->f32.multiply(rows, columns, kDepth, {a.data(), 1, rows}, b.data(), columns, c.data(), columns, true);
        INFO(micro->name << " " << rows << " x " << columns);
        for (std::size_t i = 0; i < c.size(); ++i) REQUIRE(std::abs(c[i] - expected[i]) < 1e-5f);
      }
    }
  }
}

TEST_CASE("rows are transposed as they stand, with zeros beyond the last") {
  for (const cpu::MicroKernels* micro : cpu::micro_kernels()) {
    for (const std::int64_t count : {1, 5, 16, 17, 63, 64}) {
      constexpr std::int64_t kDepth = 20;
      std::vector<float> values(static_cast<std::size_t>(count * kDepth)), out(kDepth * cpu::kLanes, -1.0f);
      fill_normal(values, 3);
      const float* rows[cpu::kLanes] = {};
      for (std::int64_t r = 0; r < count; ++r) rows[r] = values.data() + (count - 1 - r) * kDepth;  // any order
      const std::int64_t lanes = (count + 15) / 16 * 16;
      micro->transpose(rows, count, lanes, kDepth, out.data());
      INFO(micro->name << " " << count);
      for (std::int64_t p = 0; p < kDepth; ++p) {
        for (std::int64_t r = 0; r < lanes; ++r) {
          REQUIRE(out[static_cast<std::size_t>(p * cpu::kLanes + r)] == (r < count ? rows[r][p] : 0.0f));
        }
      }
    }
  }
}

}  // namespace mobasim::tests::attention_test
