// The work that the reference counts while it runs against the work that the simulator derives in closed form: two
// implementations that share no line.
#include "kernels/cases.h"
#include "kernels/random.h"
#include "kernels/reference/reference.h"
#include "sim/attention/attention.h"
#include "tests/catch.h"

namespace mobasim::tests::work_count_test {
namespace {

Attention attention_of(const kernels::Problem& problem) {
  switch (problem.mechanism) {
    case kernels::Mechanism::full:
      return FullAttention{};
    case kernels::Mechanism::moba:
      return Moba{problem.block, problem.top_k};
    case kernels::Mechanism::sliding_window:
      return SlidingWindow{problem.window};
  }
  return FullAttention{};
}

// Closed forms are per query head and sequence; mean keys are pooled once for each key head.
kernels::WorkCount closed_form(const kernels::Problem& problem) {
  kernels::WorkCount sum;
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const AttentionCount one = count(attention_of(problem), problem.cu_seqlens[i + 1] - problem.cu_seqlens[i]);
    sum.pairs += problem.heads * one.pairs;
    sum.gate_pairs += problem.heads * one.gate_pairs;
    sum.picks += problem.heads * one.picks;
    sum.blocks += problem.kv_heads * one.blocks;
  }
  return sum;
}

void check(const kernels::Problem& problem, const std::string& what) {
  const kernels::WideTensors wide(kernels::filled(problem, kernels::Fill::normal, 1));
  const kernels::WorkCount counted = kernels::reference_forward(problem, wide.view()).work;
  const kernels::WorkCount derived = closed_form(problem);
  INFO(what);
  CHECK(counted.pairs == derived.pairs);
  CHECK(counted.gate_pairs == derived.gate_pairs);
  CHECK(counted.picks == derived.picks);
  CHECK(counted.blocks == derived.blocks);
}

// A random shape; small head_dim, for counts do not depend on it.
kernels::Problem random_problem(kernels::Random& random) {
  kernels::Problem problem;
  problem.mechanism = static_cast<kernels::Mechanism>(random.whole(0, 2));
  const std::int64_t sequences = random.whole(1, 3);
  for (std::int64_t i = 0; i < sequences; ++i) {
    problem.cu_seqlens.push_back(problem.cu_seqlens.back() + (random.whole(0, 5) == 0 ? 0 : random.whole(1, 120)));
  }
  problem.kv_heads = random.whole(1, 2);
  problem.heads = problem.kv_heads * random.whole(1, 4);
  problem.head_dim = random.whole(1, 4);
  problem.block = random.whole(1, 40);
  problem.top_k = random.whole(1, 8);
  problem.window = random.whole(1, 150);
  return problem;
}

}  // namespace

TEST_CASE("counted work equals the closed forms on the shapes of the case table") {
  int shapes = 0;
  for (const kernels::Case& row : kernels::cases_for(kernels::Purpose::verify)) {
    kernels::Problem problem = row.problem;
    problem.head_dim = std::min<std::int64_t>(problem.head_dim, 2);
    check(problem, row.name);
    ++shapes;
  }
  CHECK(shapes >= 40);
}

TEST_CASE("counted work equals the closed forms on 300 random shapes") {
  kernels::Random random(20250218);
  for (int i = 0; i < 300; ++i) check(random_problem(random), "random shape " + std::to_string(i));
}

TEST_CASE("counted work equals the closed forms around every border of a block") {
  for (const std::int64_t block : {1, 4, 7}) {
    for (std::int64_t sequence = 0; sequence <= 3 * block + 1; ++sequence) {
      for (std::int64_t top_k = 1; top_k <= 5; ++top_k) {
        check({kernels::Mechanism::moba, {0, sequence}, 1, 1, 1, block, top_k, 0},
              "sequence " + std::to_string(sequence) + " block " + std::to_string(block) + " top_k " +
                  std::to_string(top_k));
      }
    }
  }
}

}  // namespace mobasim::tests::work_count_test
