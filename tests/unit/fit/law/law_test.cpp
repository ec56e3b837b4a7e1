#include <algorithm>
#include <cmath>

#include "fit/loss_law.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::law_test {
TEST_CASE("The list of laws names each law, and a law is found by its name") {
  const std::vector<std::string>& names = law_names();
  CHECK(names.size() == std::variant_size_v<LossLaw>);
  for (const std::string known : {"p2", "p3", "chinchilla", "chinchilla-outer", "paired"}) {
    CHECK(std::ranges::count(names, known) == 1);
  }
  for (const std::string& name_of : law_names()) CHECK(name(law_named(name_of)) == name_of);
}

TEST_CASE("A name that is none is refused with the names there are and the nearest") {
  try {
    (void)law_named("chinchila");
    FAIL("not refused");
  } catch (const ConfigError& error) {
    const std::string words = error.what();
    CHECK(words.find("'chinchila' is no law") != std::string::npos);
    CHECK(words.find("paired") != std::string::npos);
    CHECK(words.find("chinchilla") != std::string::npos);
  }
}

TEST_CASE("Every law keeps the parameters that it is given, each under one name") {
  for (const std::string& name_of : law_names()) {
    const LossLaw kind = law_named(name_of);
    std::vector<std::string> names = parameter_names(kind);
    CHECK(names.size() == shape(kind).coordinates());
    std::vector<double> values;
    for (std::size_t i = 0; i < names.size(); ++i) values.push_back(0.5 + static_cast<double>(i));
    CHECK(parameters(with_parameters(kind, values)) == values);
    for (const std::string& one : names) CHECK(std::ranges::count(all_parameter_names(), one) == 1);
    std::ranges::sort(names);
    CHECK(std::ranges::adjacent_find(names) == names.end());
  }
}

TEST_CASE("A power law is its scale at x = 1 and falls by 2^-b per doubling") {
  const PowerLaw law{1.54626, 0.10835};
  CHECK(loss_at(law, 1) == 1.54626);
  CHECK(loss_at(law, 6) / loss_at(law, 3) == Approx(std::exp2(-0.10835)).epsilon(1e-14));
}

TEST_CASE("x_at inverts loss_at, and is infinite where the law never gets") {
  for (const PowerLaw law : {PowerLaw{1.5, 0.1}, PowerLaw{3, -0.2}}) {
    for (const double x : {0.02, 1.0, 50.0}) CHECK(x_at(law, loss_at(law, x)) == Approx(x).epsilon(1e-12));
  }
  CHECK(std::isinf(x_at({1.5, 0}, 1.2)));
  CHECK(std::isinf(x_at({1.5, 0.1}, 0)));
  CHECK(std::isinf(x_at({1.5, 0.1}, -1)));
}

TEST_CASE("Laws are what their formulas say, from their natural parameters") {
  const auto power = [](double x, double exponent) { return std::pow(x, -exponent); };
  const double c = 7e19, n = 3e8, d = 2e10;
  CHECK(value_at(PowerLaw{90, 0.1}, {c}) == Approx(90 * power(c, 0.1)).epsilon(1e-13));
  CHECK(value_at(FlooredPowerLaw{1.7, 90, 0.1}, {c}) == Approx(1.7 + 90 * power(c, 0.1)).epsilon(1e-13));
  CHECK(value_at(PairedLaw{1.05, 0.01}, {c}) == Approx(1.05 * power(c, 0.01)).epsilon(1e-13));
  const double terms = 480 * power(n, 0.35) + 2100 * power(d, 0.37);
  CHECK(value_at(ChinchillaLaw{1.8, 480, 0.35, 2100, 0.37}, {n, d}) == Approx(1.8 + terms).epsilon(1e-13));
  CHECK(value_at(OuterChinchillaLaw{1.8, 480, 0.35, 2100, 0.37, 0.7}, {n, d}) ==
        Approx(1.8 + std::pow(terms, 0.7)).epsilon(1e-13));
}

TEST_CASE("A paired law with s > 0 closes the gap as x grows") {
  const PairedLaw law{1.05, 0.01};
  CHECK(value_at(law, {1}) == Approx(1.05).epsilon(1e-15));
  CHECK(value_at(law, {10}) < value_at(law, {1}));
}

}  // namespace mobasim::tests::law_test
