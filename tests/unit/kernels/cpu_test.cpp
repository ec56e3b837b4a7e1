#include <cmath>
#include <cstring>

#include "kernels/cpu/attention.h"
#include "kernels/verify.h"
#include "sim/base/error.h"
#include "tests/catch.h"

using namespace mobasim::kernels;

namespace {

struct Result {
  Forward<float> forward;
  Gradients<float> gradients;
};

Result computed(const Problem& problem, const Tensors& tensors, const CpuOptions& options) {
  Result result;
  cpu_forward(problem, tensors.view(), options, result.forward);
  cpu_backward(problem, tensors.view(), result.forward, options, result.gradients);
  return result;
}

// Bit for bit; NaN equals NaN.
bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

bool same(const Result& a, const Result& b) {
  return same(a.forward.o, b.forward.o) && a.forward.selection.picks == b.forward.selection.picks &&
         same(a.gradients.dq, b.gradients.dq) && same(a.gradients.dk, b.gradients.dk) &&
         same(a.gradients.dv, b.gradients.dv);
}

}  // namespace

TEST_CASE("the CPU kernels are within the bound on every case") {
  for (const Case& row : cases_for(Purpose::verify)) {
    for (const VerifyRow& result : verify(row, cpu_backend())) {
      INFO(result.case_name << " " << result.pass_name << ": " << result.note);
      CHECK(result.verdict == (row.problem.mechanism == Mechanism::sliding_window ? Verdict::skipped : Verdict::pass));
    }
  }
}

TEST_CASE("every instruction set that this processor has is within the bound") {
  for (const MicroKernels* micro : micro_kernels()) {
    for (const Case& row : cases_for(Purpose::verify)) {
      if (tokens(row.problem) * row.problem.heads > 800) continue;
      for (const VerifyRow& result : verify(row, cpu_backend({std::nullopt, 1, micro}))) {
        INFO(micro->name << " " << result.case_name << " " << result.pass_name << ": " << result.note);
        CHECK(result.verdict != Verdict::fail);
      }
    }
  }
}

TEST_CASE("the result depends neither on the run nor on the number of threads") {
  for (const char* name : {"full_varlen", "full_600_d128", "moba_varlen", "moba_grouped_8_to_1", "moba_top_1"}) {
    const Case row = case_named(cases(), name);
    const Tensors tensors = filled(row.problem, row.fill, 2);
    const Result once = computed(row.problem, tensors, {1, nullptr});
    INFO(name);
    CHECK(same(once, computed(row.problem, tensors, {1, nullptr})));
    for (const int threads : {2, 3, 7}) CHECK(same(once, computed(row.problem, tensors, {threads, nullptr})));
  }
}

TEST_CASE("MoBA with top_k >= blocks computes what full attention computes, bit for bit") {
  const Problem full{Mechanism::full, {0, 300, 411}, 4, 2, 64, 0, 0, 0};
  Problem moba = full;
  moba.mechanism = Mechanism::moba;
  moba.block = 64;
  moba.top_k = 5;
  const Tensors tensors = filled(full, Fill::normal, 4);
  Result got = computed(moba, tensors, {}), wanted = computed(full, tensors, {});
  CHECK(std::all_of(got.forward.selection.picks.begin(), got.forward.selection.picks.end(),
                    [](std::int32_t pick) { return pick == -1; }));
  got.forward.selection = wanted.forward.selection;
  CHECK(same(got, wanted));
}

TEST_CASE("a NaN stays with the queries that see it") {
  const Case row = case_named(cases(), "full_nan_key");
  const Tensors tensors = filled(row.problem, row.fill, 1);
  const Result result = computed(row.problem, tensors, {});
  const std::int64_t row_size = row.problem.heads * row.problem.head_dim;
  const std::int64_t place = key_size(row.problem) / 2;  // where the NaN stands: token and head
  const std::int64_t token = place / row_size, head = place % row_size / row.problem.head_dim;
  for (std::int64_t t = 0; t < tokens(row.problem); ++t) {
    for (std::int64_t h = 0; h < row.problem.heads; ++h) {
      const float o = result.forward.o[static_cast<std::size_t>(t * row_size + h * row.problem.head_dim)];
      CHECK(std::isnan(o) == (t >= token && h == head));
    }
  }
}

TEST_CASE("what the CPU kernels do not compute they refuse") {
  const Problem window{Mechanism::sliding_window, {0, 8}, 1, 1, 8, 0, 0, 4};
  const Tensors tensors = filled(window, Fill::normal, 1);
  Forward<float> forward;
  CHECK_THROWS_AS(cpu_forward(window, tensors.view(), {}, forward), mobasim::Unsupported);
  const Problem other{Mechanism::full, {0, 9}, 1, 1, 8, 0, 0, 0};  // tensors are for 8 tokens
  CHECK_THROWS_AS(cpu_forward(other, tensors.view(), {}, forward), mobasim::ConfigError);
}

TEST_CASE("the exponential of the inner loops is e to the power, 0 where that underflows, NaN for NaN") {
  for (const MicroKernels* micro : micro_kernels()) {
    float worst = 0;
    for (float x = -87.0f; x <= 0; x += 0.37f) {
      float scores[2 * kLanes] = {}, m[kLanes], sum[kLanes] = {}, factor[kLanes];
      std::int32_t limit[kLanes];
      std::fill_n(m, kLanes, -1e30f);
      std::fill_n(limit, kLanes, 2);
      scores[kLanes] = x;  // beside a score of 0: p = exp(x)
      micro->softmax_step(scores, 2, kLanes, 1.0f, limit, m, sum, factor);
      CHECK(scores[0] == 1.0f);
      worst = std::max(
          worst,
          static_cast<float>(std::abs(static_cast<double>(scores[kLanes]) / std::exp(static_cast<double>(x)) - 1)));
    }
    INFO(micro->name);
    CHECK(worst < 0x1p-22f);
    float scores[2 * kLanes] = {}, m[kLanes] = {}, sum[kLanes] = {}, factor[kLanes];
    std::int32_t limit[kLanes];
    std::fill_n(limit, kLanes, 2);
    scores[kLanes] = -1000.0f;
    scores[kLanes + 1] = std::nanf("");
    micro->softmax_step(scores, 2, kLanes, 1.0f, limit, m, sum, factor);
    CHECK(scores[kLanes] == 0.0f);
    CHECK(std::isnan(scores[kLanes + 1]));
  }
}
