// Certified minima of P2 on published data that may not be copied into the project. MOBASIM_REFERENCE_DATA names the
// folder that holds fit/expected_cases.json; without it the test is skipped.
#include <yaml-cpp/yaml.h>  // JSON is YAML

#include <cmath>

#include "fit/fitted.h"
#include "tests/catch.h"

using namespace mobasim;

namespace {

RunGroup points_of(const YAML::Node& rows) {
  RunGroup group;
  for (const YAML::Node& row : rows) group.runs.push_back({{}, {{row[0].as<double>(), row[1].as<double>()}}});
  return group;
}

}  // namespace

TEST_CASE("P2 reaches the certified minima of the reference cases") {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  const auto file = std::filesystem::path(folder) / "fit" / "expected_cases.json";
  int cases = 0;
  for (const YAML::Node& expected : YAML::LoadFile(file.string())) {
    if (expected["model"].as<std::string>() != "P2" || !expected["huber_delta"].IsNull()) continue;
    ++cases;
    INFO(expected["name"].as<std::string>());
    const auto fit = fitted_power_law(points_of(expected["fit"]), {}, expected["name"].as<std::string>());
    CHECK(fit.objective <= expected["objective_min"].as<double>() * (1 + 1e-9));
    CHECK(fit.law.a == Approx(expected["params"]["a"].as<double>()).epsilon(1e-5));
    CHECK(fit.law.b == Approx(expected["params"]["b"].as<double>()).margin(1e-6));
    for (const YAML::Node& held_out : expected["test"]) {
      CHECK(loss_at(fit.law, held_out["x"][0].as<double>()) ==
            Approx(held_out["predicted"].as<double>()).epsilon(1e-7));
    }
  }
  CHECK(cases > 0);
}
