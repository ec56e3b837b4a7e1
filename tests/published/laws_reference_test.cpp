// Certified minima of the laws on published data that may not be copied into the project. MOBASIM_REFERENCE_DATA names
// the folder that holds fit/expected_cases.json; without it the tests are skipped.
#include <yaml-cpp/yaml.h>  // JSON is YAML

#include <cmath>
#include <map>

#include "fit/solve/law_fit.h"
#include "tests/catch.h"

namespace mobasim::tests::laws_reference_test {
namespace {

std::vector<YAML::Node> cases() {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  std::vector<YAML::Node> result;
  for (const YAML::Node& one : YAML::LoadFile((std::filesystem::path(folder) / "fit/expected_cases.json").string())) {
    result.push_back(one);
  }
  REQUIRE(result.size() > 30);
  return result;
}

LossLaw law_of(const YAML::Node& expected) {
  const std::map<std::string, LossLaw> laws = {{"P2", PowerLaw{}}, {"P3", FlooredPowerLaw{}}, {"CH", ChinchillaLaw{}}};
  return laws.at(expected["model"].as<std::string>());
}

std::vector<double> x_of(const YAML::Node& row, std::size_t inputs) {
  std::vector<double> x;
  for (std::size_t i = 0; i < inputs; ++i) x.push_back(row[i].as<double>());
  return x;
}

LawFit fit_of(const YAML::Node& expected) {
  const std::size_t inputs = shape(law_of(expected)).inputs;
  FitData data;
  for (const YAML::Node& row : expected["fit"]) {
    const std::vector<double> x = x_of(row, inputs);
    data.log_x.push_back({std::log(x[0]), inputs == 2 ? std::log(x[1]) : 0});
    data.log_y.push_back(std::log(row[inputs].as<double>()));
    data.cluster_end.push_back(data.log_y.size());
  }
  ResidualLoss loss;
  if (!expected["huber_delta"].IsNull()) loss.huber_delta = expected["huber_delta"].as<double>();
  return fitted(law_of(expected), data, loss, expected["name"].as<std::string>());
}

// The names that the reference cases use.
std::string reference_name(const std::string& parameter) {
  const std::map<std::string, std::string> names = {
      {"floor", "E"}, {"a_parameters", "A"}, {"b_parameters", "alpha"}, {"a_tokens", "B"}, {"b_tokens", "beta"}};
  const auto found = names.find(parameter);
  return found == names.end() ? parameter : found->second;
}

}  // namespace

TEST_CASE("Every law reaches the certified minima of the reference cases") {
  for (const YAML::Node& expected : cases()) {
    INFO(expected["name"].as<std::string>() << " " << expected["model"].as<std::string>());
    const LawFit fit = fit_of(expected);
    CHECK(fit.objective <= expected["objective_min"].as<double>() * (1 + 1e-9));
    CHECK(fit.objective >= expected["objective_min"].as<double>() * (1 - 1e-9));
    CHECK(fit.solvers_apart <= 1e-9);
    CHECK(fit.hits >= 1);
    const std::vector<std::string> names = parameter_names(fit.law);
    const std::vector<double> values = parameters(fit.law);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const double value = expected["params"][reference_name(names[i])].as<double>();
      INFO(names[i]);
      if (names[i] == "floor") {
        CHECK(values[i] == Approx(value).margin(1e-6));
      } else if (names[i].starts_with("b")) {
        CHECK(values[i] == Approx(value).margin(1e-6));
      } else {
        CHECK(values[i] == Approx(value).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("What the laws predict of runs that were held out is what the reference cases predict") {
  int points = 0;
  for (const YAML::Node& expected : cases()) {
    if (!expected["test"]) continue;
    INFO(expected["name"].as<std::string>() << " " << expected["model"].as<std::string>());
    const LawFit fit = fit_of(expected);
    for (const YAML::Node& held_out : expected["test"]) {
      ++points;
      const double value = predicted(fit, x_of(held_out["x"], shape(fit.law).inputs));
      CHECK(value == Approx(held_out["predicted"].as<double>()).epsilon(1e-7));
      CHECK(value / held_out["observed"].as<double>() - 1 ==
            Approx(held_out["relative_error"].as<double>()).margin(2e-7));
    }
  }
  CHECK(points > 50);
}

}  // namespace mobasim::tests::laws_reference_test
