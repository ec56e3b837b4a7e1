#include "fit/solve/objective.h"

#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::objective_test {
namespace {

struct Case {
  LossLaw law;
  FitData data;
  Inputs centre{};
  Coordinates at{};  // beside the truth
};

// Noisy points about a planted law with weights from 0.5 to 2.
Case random_case(const LossLaw& kind, Random& random) {
  Case one;
  one.law = random_law(kind, random);
  one.data = planted_data(one.law, places_for(kind), 0.02, random);
  for (std::size_t i = 0; i < one.data.points(); ++i) one.data.weights.push_back(uniform(random, 0.5, 2));
  one.centre = centre_of(one.data);
  one.at = coordinates_of(shape(kind), parameters(one.law), one.centre);
  for (std::size_t j = 0; j < shape(kind).coordinates(); ++j) one.at[j] += uniform(random, -0.02, 0.02);
  return one;
}

Objective objective_of(const Case& one, const ResidualLoss& loss) {
  return {shape(one.law), one.data, loss, one.centre};
}

double value_of_parts(const Case& one, const ResidualLoss& loss) {
  double sum = 0;
  for (std::size_t i = 0; i < one.data.points(); ++i) {
    Inputs u{};
    for (std::size_t k = 0; k < shape(one.law).inputs; ++k) u[k] = one.data.log_x[i][k] - one.centre[k];
    const double r = std::abs(one.data.log_y[i] - value_of(shape(one.law), one.at, u).log_y);
    const double delta = loss.huber_delta.value_or(INFINITY);
    sum += one.data.weights[i] * (r <= delta ? r * r / 2 : delta * (r - delta / 2));
  }
  return sum;
}

const std::vector<ResidualLoss> kLosses = {{}, {1e-2}, {1e-3}};

void check_same(const ObjectiveValue& a, const ObjectiveValue& b, double times = 1) {
  CHECK(a.value == Approx(times * b.value).epsilon(1e-12));
  for (std::size_t j = 0; j < kMostCoordinates; ++j) {
    CHECK(a.gradient[j] == Approx(times * b.gradient[j]).epsilon(1e-10).margin(1e-10 * times * b.value));
    for (std::size_t k = 0; k < kMostCoordinates; ++k) {
      CHECK(a.curvature[j][k] == Approx(times * b.curvature[j][k]).epsilon(1e-10).margin(1e-9 * times * b.value));
    }
  }
}

ObjectiveValue evaluated(const Objective& objective, const Coordinates& at) {
  ObjectiveValue value;
  objective.evaluate(at, Derivatives::second, value);
  return value;
}

}  // namespace

TEST_CASE("The objective is the weighted sum of its points' losses") {
  Random random(1);
  for (const LossLaw& kind : all_laws()) {
    for (const ResidualLoss& loss : kLosses) {
      const Case one = random_case(kind, random);
      CHECK(objective_of(one, loss).value(one.at) == Approx(value_of_parts(one, loss)).epsilon(1e-13));
    }
  }
}

TEST_CASE("Slopes of the objective are what differences of its value say") {
  Random random(2);
  for (const LossLaw& kind : all_laws()) {
    for (const ResidualLoss& loss : kLosses) {
      const Case one = random_case(kind, random);
      const Objective objective = objective_of(one, loss);
      const ObjectiveValue value = evaluated(objective, one.at);
      for (std::size_t j = 0; j < shape(kind).coordinates(); ++j) {
        const double step = 1e-6;
        Coordinates up = one.at, down = one.at;
        up[j] += step;
        down[j] -= step;
        const double slope = (objective.value(up) - objective.value(down)) / (2 * step);
        INFO(name(kind) << ", coordinate " << j << ", delta " << loss.huber_delta.value_or(0));
        CHECK(value.gradient[j] == Approx(slope).epsilon(1e-5).margin(1e-7));
      }
    }
  }
}

TEST_CASE("Curvature of the objective is what differences of its slopes say") {
  Random random(3);
  for (const LossLaw& kind : all_laws()) {
    for (const ResidualLoss& loss : kLosses) {
      const Case one = random_case(kind, random);
      const Objective objective = objective_of(one, loss);
      const ObjectiveValue value = evaluated(objective, one.at);
      for (std::size_t k = 0; k < shape(kind).coordinates(); ++k) {
        const double step = 1e-8;  // so short that no residual passes delta on the way
        Coordinates up = one.at, down = one.at;
        up[k] += step;
        down[k] -= step;
        const ObjectiveValue above = evaluated(objective, up), below = evaluated(objective, down);
        for (std::size_t j = 0; j < shape(kind).coordinates(); ++j) {
          const double curvature = (above.gradient[j] - below.gradient[j]) / (2 * step);
          INFO(name(kind) << ", coordinates " << j << " and " << k << ", delta " << loss.huber_delta.value_or(0));
          CHECK(value.curvature[j][k] == Approx(curvature).epsilon(1e-4).margin(1e-5));
          CHECK(value.curvature[j][k] == value.curvature[k][j]);
        }
      }
    }
  }
}

TEST_CASE("A weight of 2 is the point twice") {
  Random random(4);
  for (const ResidualLoss& loss : kLosses) {
    Case weighted = random_case(ChinchillaLaw{}, random);
    weighted.data.weights.assign(weighted.data.points(), 1);
    Case twice = weighted;
    for (const std::size_t i : {3U, 7U, 20U}) {
      weighted.data.weights[i] = 2;
      twice.data.log_x.push_back(twice.data.log_x[i]);
      twice.data.log_y.push_back(twice.data.log_y[i]);
      twice.data.weights.push_back(1);
      twice.data.cluster_end.push_back(twice.data.points());
    }
    check_same(evaluated(objective_of(weighted, loss), weighted.at), evaluated(objective_of(twice, loss), twice.at));
  }
}

TEST_CASE("No weights are weights of 1") {
  Random random(5);
  Case one = random_case(FlooredPowerLaw{}, random);
  one.data.weights.assign(one.data.points(), 1);
  Case none = one;
  none.data.weights.clear();
  check_same(evaluated(objective_of(one, {}), one.at), evaluated(objective_of(none, {}), none.at));
}

TEST_CASE("Multiplicities of clusters are copies of them, and a multiplicity of 0 is no cluster") {
  Random random(6);
  for (const ResidualLoss& loss : kLosses) {
    Case one = random_case(ChinchillaLaw{}, random);
    one.data = in_clusters(one.data, 8);  // 6 of them
    const std::vector<double> multiplicities = {2, 0, 1, 3, 0, 0};
    const Objective resampled(shape(one.law), one.data, loss, one.centre, multiplicities);
    const Objective copied(shape(one.law), subset(one.data, {0, 0, 2, 3, 3, 3}), loss, one.centre);
    CHECK(resampled.points() == 24);
    check_same(evaluated(resampled, one.at), evaluated(copied, one.at));
  }
}

TEST_CASE("The objective is a sum and no mean: all data twice doubles it") {
  Random random(7);
  for (const LossLaw& kind : all_laws()) {
    for (const ResidualLoss& loss : kLosses) {
      const Case one = random_case(kind, random);
      const Objective doubled(shape(kind), one.data, loss, one.centre, std::vector<double>(one.data.clusters(), 2));
      check_same(evaluated(doubled, one.at), evaluated(objective_of(one, loss), one.at), 2);
    }
  }
}

TEST_CASE("Huber's loss is squares within delta, a line outside, and smooth where they meet") {
  const ResidualLoss huber{0.01}, squares;
  CHECK(huber.value(0.005) == squares.value(0.005));
  CHECK(huber.value(-0.03) == Approx(0.01 * (0.03 - 0.005)).epsilon(1e-14));
  CHECK(huber.value(0.01 * (1 + 1e-12)) == Approx(huber.value(0.01)).epsilon(1e-11));
  CHECK(huber.slope(0.01) == Approx(huber.slope(0.02)));
  CHECK(huber.slope(-5) == -0.01);
  CHECK(huber.curvature(0.005) == 1);
  CHECK(huber.curvature(0.02) == 0);
}

}  // namespace mobasim::tests::objective_test
