#include "fit/study/comparison.h"

#include <cmath>
#include <random>

#include "fit/data/fit_points.h"
#include "tests/catch.h"

namespace mobasim::tests::comparison_test {
namespace {

const PointRule kTail{PointRule::Kind::tail, 0.05};

// Two planted laws and runs at the ends of the MoBA report's; offsets of a pair share `shared` of their deviation.
struct Plant {
  PowerLaw treatment{1.55, 0.108}, baseline{1.46, 0.097};
  double shared = 0.01, own = 0.003, ripple = 0.0005;
  double treatment_cost = 1;  // x of the treatment relative to the baseline
};

struct Arms {
  RunGroup treatment{{"moba"}, {}}, baseline{{"full"}, {}};
};

Arms planted(const Plant& plant, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  Arms arms;
  int size = 0;
  for (const double end : {0.364, 0.709, 1.354, 2.471, 5.078}) {
    const double shared = plant.shared * normal(random);
    const std::vector<std::string> key = {std::to_string(size++)};
    for (const bool is_treatment : {true, false}) {
      const PowerLaw& law = is_treatment ? plant.treatment : plant.baseline;
      const double offset = shared + plant.own * normal(random);
      TrainingRun run{key, {}};
      for (int i = 0; i < 12; ++i) {
        const double x = end * (is_treatment ? plant.treatment_cost : 1) * (0.95 + 0.05 * i / 11);
        run.points.push_back({x, loss_at(law, x) * std::exp(offset + plant.ripple * normal(random))});
      }
      (is_treatment ? arms.treatment : arms.baseline).runs.push_back(std::move(run));
    }
  }
  return arms;
}

Estimate alone(const RunGroup& group) { return estimated(PowerLaw{}, fit_data_of(group, kTail), {}, "arm"); }

Comparison compared(const Arms& arms) {
  return comparison(arms.treatment, alone(arms.treatment).fit, arms.baseline, alone(arms.baseline).fit, kTail);
}

Interval mean_interval(const Estimate& estimate, double x) {
  return value_interval(estimate.fit, estimate.uncertainty, {x});
}

// Share of `rounds` experiments whose interval at x holds the truth.
double coverage(const Plant& plant, double x, int rounds) {
  std::mt19937_64 random(20250221);
  const double truth = std::log(loss_at(plant.treatment, x) / loss_at(plant.baseline, x));
  int hits = 0;
  for (int i = 0; i < rounds; ++i) {
    const LossRatio ratio = loss_ratio_at(compared(planted(plant, random)), x);
    hits += ratio.interval.lo <= truth && truth <= ratio.interval.hi ? 1 : 0;
  }
  return static_cast<double>(hits) / rounds;
}

}  // namespace

TEST_CASE("without noise the ratio is that of the planted laws, everywhere, and its interval has no width") {
  std::mt19937_64 random(1);
  Plant plant;
  plant.shared = plant.own = plant.ripple = 0;
  const Comparison result = compared(planted(plant, random));
  for (const double x : {0.01, 1.0, 40.0}) {
    const LossRatio ratio = loss_ratio_at(result, x);
    CHECK(ratio.log_ratio == Approx(std::log(loss_at(plant.treatment, x) / loss_at(plant.baseline, x))).margin(1e-10));
    CHECK(ratio.interval.hi - ratio.interval.lo < 1e-7);
  }
}

TEST_CASE("the interval of the ratio holds the truth 95 times in 100") {
  Plant plant;
  for (const double x : {0.4, 5.0, 50.0}) {
    const double covered = coverage(plant, x, 1000);
    CHECK(covered > 0.93);
    CHECK(covered < 0.975);
  }
}

TEST_CASE("it does so too where the arms spend different amounts for the same tokens") {
  Plant plant;
  plant.treatment_cost = 0.5;
  for (const double x : {0.4, 2.5, 25.0}) {
    const double covered = coverage(plant, x, 1000);
    CHECK(covered > 0.92);
    CHECK(covered < 0.99);
  }
}

TEST_CASE("pairing makes the interval much narrower than the two laws' own intervals") {
  std::mt19937_64 random(7);
  const Arms arms = planted({}, random);
  const LossRatio ratio = loss_ratio_at(compared(arms), 2);
  const auto width = [](const Interval& interval) { return std::log(interval.hi / interval.lo); };
  const double separate =
      std::hypot(width(mean_interval(alone(arms.treatment), 2)), width(mean_interval(alone(arms.baseline), 2)));
  CHECK(ratio.interval.hi - ratio.interval.lo < 0.6 * separate);
}

TEST_CASE("at equal x the comparison is the regression of the paired log ratios") {
  std::mt19937_64 random(3);
  const Arms arms = planted({}, random);
  const Estimate paired = estimated(PairedLaw{}, paired_data_of(arms.treatment, arms.baseline, kTail, "p"), {}, "p");
  const Comparison result = compared(arms);
  for (const double x : {0.5, 3.0, 30.0}) {
    const LossRatio ratio = loss_ratio_at(result, x);
    CHECK(ratio.log_ratio == Approx(std::log(predicted(paired.fit, {x}))).margin(2e-4));
    const double width = std::log(mean_interval(paired, x).hi / mean_interval(paired, x).lo);
    CHECK(ratio.interval.hi - ratio.interval.lo == Approx(width).epsilon(0.05));
  }
}

TEST_CASE("swapping the arms turns the ratio round") {
  std::mt19937_64 random(5);
  const Arms arms = planted({}, random);
  const LossRatio ratio = loss_ratio_at(compared(arms), 2),
                  swapped = loss_ratio_at(compared({arms.baseline, arms.treatment}), 2);
  CHECK(swapped.log_ratio == Approx(-ratio.log_ratio));
  CHECK(swapped.interval.lo == Approx(-ratio.interval.hi));
  CHECK(ratio.winner == Winner::baseline);
  CHECK(swapped.winner == Winner::treatment);
}

TEST_CASE("the crossing is where the laws meet, and the cost factor makes losses equal") {
  std::mt19937_64 random(1);
  const Comparison result = compared(planted({}, random));
  const double x = crossing(result).value();
  CHECK(loss_at(result.treatment.law, x) == Approx(loss_at(result.baseline.law, x)));
  const double factor = equal_loss_cost_factor(result, 2);
  CHECK(factor > 1);
  CHECK(loss_at(result.treatment.law, 2 * factor) == Approx(loss_at(result.baseline.law, 2)));
  Comparison parallel = result;
  parallel.treatment.law.b = parallel.baseline.law.b;
  CHECK_FALSE(crossing(parallel).has_value());
}

TEST_CASE("extrapolation is x over the arm's largest fitted x") {
  std::mt19937_64 random(1);
  Plant plant;
  plant.treatment_cost = 0.5;
  const Comparison result = compared(planted(plant, random));
  CHECK(extrapolation(result.treatment, 5.078) == Approx(2));
  CHECK(extrapolation(result.baseline, 5.078) == Approx(1));
  CHECK(common_range(result).hi == Approx(2.539));
  CHECK(common_range(result).lo == Approx(0.364 * 0.95));
}

}  // namespace mobasim::tests::comparison_test
