#include "fit/law/term_law.h"

#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::term_law_test {
namespace {

// Coordinates and a place of order 1, a floor and terms that all matter.
struct Place {
  Coordinates at{};
  Inputs u{};
};

Place random_place(const LawShape& form, Random& random) {
  Place place;
  if (form.floor) place.at[0] = uniform(random, -1, 0.7);
  for (std::size_t i = 0; i < form.inputs; ++i) {
    place.at[form.height(i)] = uniform(random, -1, 0.7);
    place.at[form.exponent(i)] = uniform(random, -0.2, 0.6);
    place.u[i] = uniform(random, -3, 3);
  }
  if (form.outer) place.at[form.outer_at()] = uniform(random, -0.5, 0.5);
  return place;
}

Coordinates moved(Coordinates at, std::size_t j, double by) {
  at[j] += by;
  return at;
}

// Central difference of order 4, for functions of coordinates.
template <class Function>
double difference(const Function& of, const Coordinates& at, std::size_t j) {
  constexpr double kStep = 1e-3;
  const double near = of(moved(at, j, kStep)) - of(moved(at, j, -kStep));
  const double far = of(moved(at, j, 2 * kStep)) - of(moved(at, j, -2 * kStep));
  return (8 * near - far) / (12 * kStep);
}

}  // namespace

TEST_CASE("The slopes of every law are what differences of its value say") {
  Random random(1);
  for (const LossLaw& law : all_laws()) {
    const LawShape form = shape(law);
    for (int i = 0; i < 200; ++i) {
      const Place place = random_place(form, random);
      const LawValue value = value_of(form, place.at, place.u);
      const auto log_y = [&](const Coordinates& at) { return value_of(form, at, place.u).log_y; };
      for (std::size_t j = 0; j < form.coordinates(); ++j) {
        INFO(name(law) << ", coordinate " << j);
        CHECK(value.gradient[j] == Approx(difference(log_y, place.at, j)).margin(1e-9));
      }
    }
  }
}

TEST_CASE("The curvature of every law is what differences of its slopes say, and symmetric") {
  Random random(2);
  for (const LossLaw& law : all_laws()) {
    const LawShape form = shape(law);
    for (int i = 0; i < 200; ++i) {
      const Place place = random_place(form, random);
      const LawValue value = value_of(form, place.at, place.u);
      for (std::size_t j = 0; j < form.coordinates(); ++j) {
        const auto slope = [&](const Coordinates& at) { return value_of(form, at, place.u).gradient[j]; };
        for (std::size_t k = 0; k < form.coordinates(); ++k) {
          INFO(name(law) << ", coordinates " << j << " and " << k);
          CHECK(value.curvature[j][k] == Approx(difference(slope, place.at, k)).margin(1e-9));
          CHECK(value.curvature[j][k] == Approx(value.curvature[k][j]).margin(1e-15));
        }
      }
    }
  }
}

TEST_CASE("A floor whose logarithm is -infinity is the law without a floor") {
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    Place place = random_place(FlooredPowerLaw::kShape, random);
    place.at[0] = -INFINITY;
    const LawValue with = value_of(FlooredPowerLaw::kShape, place.at, place.u);
    const LawValue without = value_of(PowerLaw::kShape, {place.at[1], place.at[2]}, place.u);
    CHECK(with.log_y == Approx(without.log_y).epsilon(1e-14).margin(1e-14));
    CHECK(with.gradient[0] == 0);
    for (std::size_t j = 0; j < 2; ++j) {
      CHECK(with.gradient[j + 1] == Approx(without.gradient[j]));
      for (std::size_t k = 0; k < 2; ++k) CHECK(with.curvature[j + 1][k + 1] == 0);
    }
  }
}

TEST_CASE("A term that is not there leaves the law of the other one") {
  Random random(4);
  for (int i = 0; i < 100; ++i) {
    Place place = random_place(ChinchillaLaw::kShape, random);
    place.at[3] = -INFINITY;
    place.at[4] = 0;
    const LawValue both = value_of(ChinchillaLaw::kShape, place.at, place.u);
    const LawValue one = value_of(FlooredPowerLaw::kShape, {place.at[0], place.at[1], place.at[2]}, place.u);
    CHECK(both.log_y == Approx(one.log_y).epsilon(1e-14).margin(1e-14));
    for (std::size_t j = 0; j < 3; ++j) CHECK(both.gradient[j] == Approx(one.gradient[j]).margin(1e-14));
    CHECK(both.gradient[3] == 0);
    CHECK(both.gradient[4] == 0);
  }
}

TEST_CASE("With an outer exponent of 1 the terms add up as in the Chinchilla law") {
  Random random(5);
  for (int i = 0; i < 100; ++i) {
    const Place place = random_place(ChinchillaLaw::kShape, random);  // log outer is 0
    const LawValue plain = value_of(ChinchillaLaw::kShape, place.at, place.u);
    const LawValue outer = value_of(OuterChinchillaLaw::kShape, place.at, place.u);
    CHECK(outer.log_y == Approx(plain.log_y).epsilon(1e-14).margin(1e-14));
    for (std::size_t j = 0; j < 5; ++j) {
      CHECK(outer.gradient[j] == Approx(plain.gradient[j]).margin(1e-14));
      for (std::size_t k = 0; k < 5; ++k) CHECK(outer.curvature[j][k] == Approx(plain.curvature[j][k]).margin(1e-13));
    }
  }
}

TEST_CASE("Natural parameters and coordinates are each other's inverse about any centre") {
  Random random(6);
  for (const LossLaw& kind : all_laws()) {
    const LawShape form = shape(kind);
    for (int i = 0; i < 100; ++i) {
      const std::vector<double> natural = parameters(random_law(kind, random));
      const Inputs centre = {uniform(random, 0, 50), uniform(random, 0, 50)};
      const std::vector<double> back = natural_parameters(form, coordinates_of(form, natural, centre), centre);
      REQUIRE(back.size() == natural.size());
      for (std::size_t j = 0; j < natural.size(); ++j) CHECK(relative(back[j], natural[j]) < 1e-12);
    }
  }
}

TEST_CASE("A law's value does not depend on the centre that its coordinates are about") {
  Random random(7);
  for (const LossLaw& kind : all_laws()) {
    const LawShape form = shape(kind);
    for (int i = 0; i < 100; ++i) {
      const LossLaw law = random_law(kind, random);
      std::vector<double> x;
      Inputs log_x{}, centre{}, u{};
      for (std::size_t k = 0; k < form.inputs; ++k) {
        x.push_back(log_uniform(random, 1e7, 1e12));
        log_x[k] = std::log(x[k]);
        centre[k] = uniform(random, 10, 60);
        u[k] = log_x[k] - centre[k];
      }
      const double about = value_of(form, coordinates_of(form, parameters(law), centre), u).log_y;
      CHECK(about == Approx(std::log(value_at(law, x))).epsilon(1e-12).margin(1e-12));
    }
  }
}

}  // namespace mobasim::tests::term_law_test
