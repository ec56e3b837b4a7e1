#include "kernels/reference/reference.h"

#include <cmath>

#include "kernels/random.h"
#include "kernels/reference/naive.h"
#include "kernels/verify/verify.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::reference_test {
using namespace kernels;

namespace {

struct Wide {
  std::vector<double> q, k, v, d_o;
  [[nodiscard]] Inputs<double> view() const { return {q, k, v, d_o}; }
};

Wide random_inputs(const Problem& problem, std::uint64_t seed) {
  Random random(seed);
  Wide wide;
  wide.q.resize(static_cast<std::size_t>(query_size(problem)));
  wide.k.resize(static_cast<std::size_t>(key_size(problem)));
  wide.v = wide.k;
  wide.d_o = wide.q;
  for (auto* tensor : {&wide.q, &wide.k, &wide.v, &wide.d_o}) {
    for (double& value : *tensor) value = random.normal();
  }
  return wide;
}

// The scalar that d_o is the gradient of: sum of d_o o.
double loss(const Problem& problem, const Wide& wide, const Selection& selection) {
  const ReferenceForward forward = reference_forward(problem, wide.view(), {Dtype::f64, &selection});
  double sum = 0;
  for (std::size_t i = 0; i < wide.d_o.size(); ++i) sum += wide.d_o[i] * forward.result.o[i];
  return sum;
}

// Central differences at every element of one tensor.
void check_gradient(const Problem& problem, const Wide& wide, const Selection& selection,
                    std::vector<double> Wide::*tensor, const std::vector<double>& gradient) {
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    Wide moved = wide;
    (moved.*tensor)[i] += kStep;
    const double above = loss(problem, moved, selection);
    (moved.*tensor)[i] -= 2 * kStep;
    const double below = loss(problem, moved, selection);
    INFO("element " << i);
    CHECK(gradient[i] == Approx((above - below) / (2 * kStep)).margin(1e-7));
  }
}

void check_gradients(const Problem& problem) {
  const Wide wide = random_inputs(problem, 7);
  const ReferenceForward forward = reference_forward(problem, wide.view(), {Dtype::f64, nullptr});
  const ReferenceBackward backward = reference_backward(problem, wide.view(), forward.result, Dtype::f64);
  check_gradient(problem, wide, forward.result.selection, &Wide::q, backward.result.dq);
  check_gradient(problem, wide, forward.result.selection, &Wide::k, backward.result.dk);
  check_gradient(problem, wide, forward.result.selection, &Wide::v, backward.result.dv);
}

}  // namespace

TEST_CASE("gradients of the reference are those of finite differences") {
  check_gradients({Mechanism::full, {0, 5, 5, 12}, 2, 1, 3, 0, 0, 0});
  check_gradients({Mechanism::moba, {0, 11, 18}, 2, 1, 3, 3, 2, 0});
  check_gradients({Mechanism::moba, {0, 13}, 2, 2, 4, 4, 3, 0});
  check_gradients({Mechanism::moba, {0, 10}, 1, 1, 3, 4, 1, 0});
  check_gradients({Mechanism::sliding_window, {0, 9}, 2, 1, 3, 0, 0, 4});
}

TEST_CASE("the reference agrees with dense matrices on every case") {
  for (const Case& row : cases_for(Purpose::verify)) {
    if (tokens(row.problem) * row.problem.heads > 1200) continue;  // mobasim verify --backend reference runs them all
    for (const verify::Row& result : verify::rows_of(row, reference_backend())) {
      INFO(result.case_name << " " << result.pass_name << ": " << result.note);
      CHECK(result.verdict == verify::Verdict::pass);
    }
  }
}

TEST_CASE("MoBA with top_k >= blocks is full attention, and a window >= the sequence too") {
  const Problem full{Mechanism::full, {0, 40, 73}, 4, 2, 8, 0, 0, 0};
  const Wide wide = random_inputs(full, 3);
  const ReferenceForward wanted = reference_forward(full, wide.view());
  const ReferenceBackward gradients = reference_backward(full, wide.view(), wanted.result);
  for (const Problem& same : {Problem{Mechanism::moba, full.cu_seqlens, 4, 2, 8, 8, 5, 0},
                              Problem{Mechanism::moba, full.cu_seqlens, 4, 2, 8, 8, 50, 0},
                              Problem{Mechanism::moba, full.cu_seqlens, 4, 2, 8, 64, 1, 0},
                              Problem{Mechanism::sliding_window, full.cu_seqlens, 4, 2, 8, 0, 0, 40}}) {
    const ReferenceForward got = reference_forward(same, wide.view());
    CHECK(got.result.o == wanted.result.o);
    CHECK(got.result.lse == wanted.result.lse);
    CHECK(got.work == wanted.work);
    CHECK(reference_backward(same, wide.view(), got.result).result.dk == gradients.result.dk);
  }
}

TEST_CASE("a query picks the past blocks it scores highest, the lower one when they tie") {
  // Head dim 1, block 2: keys are their own block's mean. q = 1 likes high keys, q = -1 low ones.
  const Problem problem{Mechanism::moba, {0, 10}, 1, 1, 1, 2, 3, 0};
  const std::vector<double> k = {1, 1, 5, 5, 5, 5, 0, 0, 9, 9}, v(10, 1.0);
  std::vector<double> q(10, 1.0);
  q[9] = -1;
  const ReferenceForward forward = reference_forward(problem, {q, k, v, {}});
  const auto picks = [&](std::int64_t token) {
    return std::vector<std::int32_t>(forward.result.selection.picks.begin() + token * 2,
                                     forward.result.selection.picks.begin() + token * 2 + 2);
  };
  CHECK(picks(0) == std::vector<std::int32_t>{-1, -1});
  CHECK(picks(3) == std::vector<std::int32_t>{0, -1});
  CHECK(picks(5) == std::vector<std::int32_t>{0, 1});
  CHECK(picks(7) == std::vector<std::int32_t>{1, 2});  // 5 and 5 before 1
  CHECK(picks(8) == std::vector<std::int32_t>{1, 2});
  CHECK(picks(9) == std::vector<std::int32_t>{0, 3});  // -1 and 0 before -5
}

TEST_CASE("ties: every query takes the first blocks") {
  const Case row = case_named(cases(), "moba_ties");
  const WideTensors wide(filled(row.problem, row.fill, 1));
  const Selection selection = reference_forward(row.problem, wide.view()).result.selection;
  for (std::int64_t i = 0; i < tokens(row.problem) * row.problem.heads; ++i) {
    const std::int64_t own = i / row.problem.heads / row.problem.block;
    for (std::int64_t s = 0; s < slots_of(row.problem); ++s) {
      CHECK(selection.picks[static_cast<std::size_t>(i * slots_of(row.problem) + s)] == (s < own ? s : -1));
    }
  }
}

TEST_CASE("each query head routes by itself, also when heads share keys") {
  const Problem problem{Mechanism::moba, {0, 60}, 2, 1, 4, 10, 2, 0};
  const Wide wide = random_inputs(problem, 5);
  const Selection selection = reference_forward(problem, wide.view()).result.selection;
  int different = 0;
  for (std::size_t t = 0; t < 60; ++t) different += selection.picks[2 * t] != selection.picks[2 * t + 1];
  CHECK(different > 10);
}

TEST_CASE("the case of an unpicked block has one, and nothing is routed to it") {
  const Case row = case_named(cases(), "moba_unpicked_block");
  const WideTensors wide(filled(row.problem, row.fill, 1));
  const Selection selection = reference_forward(row.problem, wide.view()).result.selection;
  int routed = 0;
  for (const std::int32_t block : selection.picks) {
    CHECK(block != 1);
    routed += block >= 0;
  }
  CHECK(routed > 0);
}

TEST_CASE("mean keys are rounded to the format of the tensors") {
  CHECK(rounded(1.0 + 1.0 / 256, Dtype::bf16) == 1.0);  // a tie, to even
  CHECK(rounded(1.0 + 3.0 / 256, Dtype::bf16) == 1.0 + 2.0 / 128);
  CHECK(rounded(1.0 + 1.0 / 1024, Dtype::fp16) == 1.0 + 1.0 / 1024);
  CHECK(rounded(70000.0, Dtype::fp16) == HUGE_VAL);
  CHECK(rounded(std::ldexp(1.5, -24), Dtype::fp16) == std::ldexp(1.0, -23));  // subnormal: a tie, to even
  CHECK(rounded(0.1, Dtype::f32) == static_cast<double>(0.1f));
  CHECK(std::isnan(rounded(std::nan(""), Dtype::bf16)));
  const Problem problem{Mechanism::moba, {0, 4}, 1, 1, 1, 2, 2, 0};
  const std::vector<double> q(4, 1.0), k = {1.0, 1.0 + 1.0 / 128, 2, 2}, v(4, 0.0);
  CHECK(reference_gate(problem, {q, k, v, {}}, 0, Dtype::bf16).means[0] == 1.0);
  CHECK(reference_gate(problem, {q, k, v, {}}, 0, Dtype::f32).means[0] == 1.0 + 1.0 / 256);
}

TEST_CASE("problems that make no sense are refused in words") {
  const std::vector<double> nothing;
  CHECK(violations({Mechanism::moba, {0, 4}, 3, 2, 8, 0, 0, 0}).size() == 3);
  CHECK(violations({Mechanism::full, {0, 4, 2}, 1, 1, 8, 0, 0, 0}).size() == 1);
  CHECK(violations({Mechanism::full, {1, 4}, 1, 1, 8, 0, 0, 0}).size() == 1);
  CHECK(violations({Mechanism::sliding_window, {0, 4}, 1, 1, 8, 0, 0, 0}).size() == 1);
  CHECK_THROWS_AS(reference_forward({Mechanism::full, {0, 4}, 1, 1, 8, 0, 0, 0}, {nothing, nothing, nothing, {}}),
                  mobasim::ConfigError);
}

}  // namespace mobasim::tests::reference_test
