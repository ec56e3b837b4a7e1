// The minimisers: three methods that share nothing but the objective end in the same place.
#include "fit/solve/solve.h"

#include "fit/solve/starts.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::solve_test {
namespace {

const std::vector<ResidualLoss> kLosses = {{}, {1e-2}, {1e-3}};

struct Posed {
  Objective objective;
  Coordinates truth;  // the planted coordinates
};

Posed noisy(const LossLaw& kind, double noise, const ResidualLoss& loss, Random& random) {
  const LossLaw law = random_law(kind, random);
  const FitData data = planted_data(law, places_for(kind), noise, random);
  const Inputs centre = centre_of(data);
  return {{shape(kind), data, loss, centre}, coordinates_of(shape(kind), parameters(law), centre)};
}

Coordinates first_start(const Objective& objective) { return starting_points(objective, 1, 1).at(0); }

}  // namespace

TEST_CASE("Levenberg-Marquardt, BFGS and Newton end in the same minimum of every law") {
  Random random(1);
  for (const LossLaw& kind : all_laws()) {
    for (int i = 0; i < 10; ++i) {
      const Posed posed = noisy(kind, 0.005, {}, random);
      const Coordinates start = first_start(posed.objective);
      const double newton = newton_minimum(posed.objective, posed.truth).value;
      INFO(name(kind) << ", set " << i);
      CHECK(relative(minimum_by_levenberg_marquardt(posed.objective, start).value, newton) < 1e-9);
      CHECK(relative(minimum_by_bfgs(posed.objective, start).value, newton) < 1e-9);
    }
  }
}

TEST_CASE("Under Huber's loss the methods agree too, refined by Newton") {
  Random random(2);
  for (const LossLaw& kind : all_laws()) {
    for (const double delta : {1e-2, 1e-3}) {
      const Posed posed = noisy(kind, 0.005, {delta}, random);
      const Coordinates start = first_start(posed.objective);
      const LocalMinimum lm =
          newton_minimum(posed.objective, minimum_by_levenberg_marquardt(posed.objective, start).at);
      const LocalMinimum bfgs = newton_minimum(posed.objective, minimum_by_bfgs(posed.objective, start).at);
      INFO(name(kind) << ", delta " << delta);
      CHECK(relative(lm.value, bfgs.value) < 1e-9);
    }
  }
}

TEST_CASE("At a minimum the objective has no slope, and every step away raises it") {
  Random random(3);
  for (const LossLaw& kind : all_laws()) {
    for (const ResidualLoss& loss : kLosses) {
      const Posed posed = noisy(kind, 0.01, loss, random);
      const LocalMinimum minimum = newton_minimum(posed.objective, minimum_by_bfgs(posed.objective, posed.truth).at);
      INFO(name(kind) << ", delta " << loss.huber_delta.value_or(0));
      CHECK(minimum.converged);
      ObjectiveValue value;
      posed.objective.evaluate(minimum.at, Derivatives::second, value);
      for (std::size_t j = 0; j < shape(kind).coordinates(); ++j) {
        CHECK(std::abs(value.gradient[j]) < 1e-9 * std::sqrt(value.value * value.scale[j]));
        for (const double step : {1e-1, -1e-1, 1e-3, -1e-3}) {
          Coordinates away = minimum.at;
          away[j] += step;
          CHECK(posed.objective.value(away) > minimum.value);
        }
      }
    }
  }
}

TEST_CASE("Newton's end is never above its start, from however far") {
  Random random(4);
  for (const LossLaw& kind : all_laws()) {
    for (int i = 0; i < 30; ++i) {
      const Posed posed = noisy(kind, 0.01, kLosses[static_cast<std::size_t>(i) % 3], random);
      Coordinates start = posed.truth;
      for (std::size_t j = 0; j < shape(kind).coordinates(); ++j) start[j] += uniform(random, -1, 1);
      CHECK(newton_minimum(posed.objective, start).value <= posed.objective.value(start));
    }
  }
}

TEST_CASE("Newton never moves what is held") {
  Random random(5);
  for (const LossLaw& kind : all_laws()) {
    const Posed posed = noisy(kind, 0.01, {}, random);
    const std::size_t n = shape(kind).coordinates();
    for (std::size_t held = 0; held < n; ++held) {
      Directions directions = free_directions(shape(kind), posed.truth);
      directions.erase(directions.begin() + static_cast<std::ptrdiff_t>(held));
      const LocalMinimum minimum = newton_minimum(posed.objective, posed.truth, directions);
      CHECK(minimum.at[held] == posed.truth[held]);
      CHECK(minimum.value < posed.objective.value(posed.truth));
      CHECK(minimum.value >= newton_minimum(posed.objective, posed.truth).value);
    }
  }
}

TEST_CASE("Newton along combinations of coordinates stays on them") {
  Random random(6);
  const Posed posed = noisy(FlooredPowerLaw{}, 0.01, {}, random);
  // height + 3 exponent is held: only the floor and the direction (1, -1/3) of the two move.
  const Directions directions = {{1, 0, 0}, {0, 1, -1.0 / 3}};
  const LocalMinimum minimum = newton_minimum(posed.objective, posed.truth, directions);
  CHECK(minimum.at[1] != posed.truth[1]);
  CHECK(minimum.at[1] + 3 * minimum.at[2] == Approx(posed.truth[1] + 3 * posed.truth[2]).epsilon(1e-12));
}

TEST_CASE("What is at -infinity is not free: a floor of 0, a term that is not there") {
  const LawShape form = ChinchillaLaw::kShape;
  CHECK(free_directions(form, {}).size() == 5);
  CHECK(free_directions(form, {-INFINITY}).size() == 4);
  Coordinates without_term{};
  without_term[form.height(1)] = -INFINITY;
  CHECK(free_directions(form, without_term).size() == 3);
}

TEST_CASE("A search whose start leaves no value anywhere near ends where it began, and not the program") {
  Random random(7);
  for (const LossLaw& kind : all_laws()) {
    const LawShape form = shape(kind);
    const Posed posed = noisy(kind, 0.01, {}, random);
    for (const double height : {-800.0, 800.0}) {
      Coordinates start{};
      for (std::size_t i = 0; i < form.inputs; ++i) start[form.height(i)] = height;
      const LocalMinimum bfgs = minimum_by_bfgs(posed.objective, start);
      const LocalMinimum lm = minimum_by_levenberg_marquardt(posed.objective, start);
      const double value = posed.objective.value(start);
      CHECK_FALSE(bfgs.value > value);
      CHECK_FALSE(lm.value > value);
    }
  }
}

TEST_CASE("Starts are as few as asked for, and the best of them leads to the planted minimum") {
  Random random(8);
  for (const LossLaw& kind : all_laws()) {
    for (int i = 0; i < 10; ++i) {
      const Posed posed = noisy(kind, 0.002, {}, random);
      const double lowest = newton_minimum(posed.objective, posed.truth).value;
      const std::vector<Coordinates> starts = starting_points(posed.objective, 8, 8);
      CHECK(starts.size() <= 8);
      double best = INFINITY;
      for (const Coordinates& start : starts) {
        best = std::min(best, newton_minimum(posed.objective, minimum_by_bfgs(posed.objective, start).at).value);
      }
      INFO(name(kind) << ", set " << i);
      CHECK(best <= lowest * (1 + 1e-9));
    }
  }
}

TEST_CASE("Starts do not depend on the unit of an input, nor on how wide its logarithm is") {
  Random random(9);
  const FitData data = planted_data(random_law(FlooredPowerLaw{}, random), over_range(20, 1e18, 1e23), 0.01, random);
  FitData other = data;
  for (Inputs& log_x : other.log_x) log_x[0] = 3 * log_x[0] + 40;
  const LawShape form = FlooredPowerLaw::kShape;
  const auto one = starting_points({form, data, {}, centre_of(data)}, 8, 8);
  const auto two = starting_points({form, other, {}, centre_of(other)}, 8, 8);
  REQUIRE(one.size() == two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(two[i][0] == Approx(one[i][0]).epsilon(1e-6));
    CHECK(two[i][1] == Approx(one[i][1]).epsilon(1e-6));
    CHECK(3 * two[i][2] == Approx(one[i][2]).epsilon(1e-6));
  }
}

}  // namespace mobasim::tests::solve_test
