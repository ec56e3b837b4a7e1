// Our fit of the MoBA report's training curves against the laws drawn in its figures (arXiv 2502.13189, Fig. 3, 8).
#include <cmath>

#include "fit/data/fit_points.h"
#include "fit/interval/distributions.h"
#include "fit/interval/estimate.h"
#include "tests/catch.h"

namespace mobasim::tests::laws_test {
namespace {

std::filesystem::path losses() { return tests::source_folder() / "configs" / "losses"; }

Observations curves() {
  return observations_from(CsvTable::read(losses() / "moba-training-curves.csv"),
                           {.x = "compute_pfdays", .loss = "loss", .by = {"panel", "attention"}, .run = {"model"}});
}

const RunGroup& group_of(const Observations& observations, const std::string& panel, const std::string& attention) {
  for (const RunGroup& group : observations.groups) {
    if (group.key == std::vector<std::string>{panel, attention}) return group;
  }
  FAIL("no curves of " << panel << " " << attention);
  std::abort();
}

const PointRule kTail{PointRule::Kind::tail, 0.05};

}  // namespace

TEST_CASE("Laws of the near-final points are the drawn ones within 0.8% on a and 0.010 on b") {
  const Observations observations = curves();
  const CsvTable drawn = CsvTable::read(losses() / "moba-laws-published.csv");
  REQUIRE(drawn.rows() == 14);
  for (std::size_t row = 0; row < drawn.rows(); ++row) {
    const std::string panel(drawn.text(row, drawn.column("panel")));
    const std::string attention(drawn.text(row, drawn.column("attention")));
    INFO(panel << " " << attention);
    const LawFit fit = fitted(PowerLaw{}, fit_data_of(group_of(observations, panel, attention), kTail), {}, panel);
    const PowerLaw law = std::get<PowerLaw>(fit.law);
    CHECK(fit.clusters == 5);
    CHECK(std::abs(law.a / drawn.number(row, drawn.column("a_drawn")) - 1) < 0.008);
    CHECK(std::abs(law.b - drawn.number(row, drawn.column("b_drawn"))) < 0.010);
  }
}

TEST_CASE("On the trailing loss pairing makes the exponents' difference almost three times as sure") {
  const Observations observations = curves();
  const RunGroup moba = group_of(observations, "fig3b_trailing_32k_last2k", "moba");
  const RunGroup full = group_of(observations, "fig3b_trailing_32k_last2k", "full");
  const Estimate paired = estimated(PairedLaw{}, paired_data_of(moba, full, kTail, "trailing"), {}, "trailing");
  const PairedLaw ratio = std::get<PairedLaw>(paired.fit.law);
  CHECK(ratio.s == Approx(0.0099).margin(5e-5));
  CHECK(paired.intervals[1].hi - ratio.s == Approx(0.0099).margin(5e-5));
  CHECK(ratio.r == Approx(1.0534).margin(5e-5));

  const Estimate of_moba = estimated(PowerLaw{}, fit_data_of(moba, kTail), {}, "moba");
  const Estimate of_full = estimated(PowerLaw{}, fit_data_of(full, kTail), {}, "full");
  const Coordinates exponent = {0, 1};
  const double error =
      std::hypot(standard_error(of_moba.uncertainty, exponent), standard_error(of_full.uncertainty, exponent));
  CHECK(std::get<PowerLaw>(of_moba.fit.law).b - std::get<PowerLaw>(of_full.fit.law).b == Approx(0.0105).margin(5e-5));
  CHECK(t_quantile_95(6) * error == Approx(0.027).margin(5e-4));
}

}  // namespace mobasim::tests::laws_test
