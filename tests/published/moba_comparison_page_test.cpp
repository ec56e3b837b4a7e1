// The tables of docs/moba-comparison.md are what the program says of the MoBA report's training curves.
// MOBASIM_UPDATE=1 in the environment writes them.
#include <fmt/format.h>

#include <cmath>

#include "fit/data/fit_points.h"
#include "fit/interval/estimate.h"
#include "fit/interval/unpaired.h"
#include "sim/base/csv.h"
#include "tests/published/generated_page.h"

namespace mobasim::tests::moba_comparison_page_test {
namespace {

const PointRule kTail{PointRule::Kind::tail, 0.05};

struct Panel {
  std::string name;
  RunGroup moba, full;
};

std::vector<Panel> panels() {
  const Observations observations =
      observations_from(CsvTable::read(source_folder() / "configs/losses/moba-training-curves.csv"),
                        {.x = "compute_pfdays", .loss = "loss", .by = {"panel", "attention"}, .run = {"model"}});
  std::vector<Panel> result;
  const auto panel_named = [&](const std::string& name) -> Panel& {
    for (Panel& panel : result) {
      if (panel.name == name) return panel;
    }
    return result.emplace_back(Panel{name, {}, {}});
  };
  for (const RunGroup& group : observations.groups) {
    Panel& panel = panel_named(group.key[0]);
    (group.key[1] == "moba" ? panel.moba : panel.full) = group;
  }
  return result;
}

std::string verdict(const Interval& s) {
  if (s.lo > 0) return "closes";
  return s.hi < 0 ? "widens" : "undecided";
}

// Four decimals, and no minus before nothing.
std::string decimals(double value) { return fmt::format("{:.4f}", std::abs(value) < 5e-5 ? 0.0 : value); }

// Paired and unpaired exponents of L_moba / L_full.
std::string exponents_table() {
  std::string text =
      "| panel | unpaired b_moba - b_full | paired s | the gap | ratio at the largest run |\n|---|---|---|---|---|\n";
  for (const Panel& panel : panels()) {
    const FitData pairs = paired_data_of(panel.moba, panel.full, kTail, panel.name);
    const Estimate paired = estimated(PairedLaw{}, pairs, {}, panel.name);
    const Unpaired unpaired =
        unpaired_comparison(fit_data_of(panel.moba, kTail), fit_data_of(panel.full, kTail), {}, panel.name);
    const double s = std::get<PairedLaw>(paired.fit.law).s;
    const double end = paired.fit.range[0].hi;
    const Interval ratio = value_interval(paired.fit, paired.uncertainty, {end});
    text += fmt::format("| `{}` | {} +- {} | {} +- {} | {} | {:.3f} ({:.3f} to {:.3f}) |\n", panel.name,
                        decimals(unpaired.s), decimals(unpaired.interval.hi - unpaired.s), decimals(s),
                        decimals(paired.intervals[1].hi - s), verdict(paired.intervals[1]),
                        predicted(paired.fit, {end}), ratio.lo, ratio.hi);
  }
  return text;
}

// What a floor would change at ten times the largest run.
std::string floors_table() {
  std::string text = "| panel | attention | floor (95%) | p2 at 10x | p3 at 10x | apart |\n|---|---|---|---|---|---|\n";
  for (const Panel& panel : panels()) {
    for (const RunGroup* arm : {&panel.moba, &panel.full}) {
      const FitData data = fit_data_of(*arm, kTail);
      const LawFit without = fitted(PowerLaw{}, data, {}, panel.name);
      const Estimate with = estimated(FlooredPowerLaw{}, data, {}, panel.name);
      const double x = 10 * without.range[0].hi;
      text += fmt::format("| `{}` | {} | {:.2f} ({:.2f} to {:.2f}), {} | {:.3f} | {:.3f} | {:.1f}% |\n", panel.name,
                          arm->key[1], std::get<FlooredPowerLaw>(with.fit.law).floor, with.intervals[0].lo,
                          with.intervals[0].hi, name(with.floor_status), predicted(without, {x}),
                          predicted(with.fit, {x}), 100 * (predicted(with.fit, {x}) / predicted(without, {x}) - 1));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("docs/moba-comparison.md shows what the fits say of the five sizes") {
  require_page(
      "moba-comparison.md",
      "### Does the gap close with compute?\n\n" + exponents_table() + "\n### Is there a floor?\n\n" + floors_table(),
      std::equal_to<>());
}

TEST_CASE(
    "On the trailing loss of five sizes laws with and without a floor part by 9 to 12% at ten times the compute") {
  for (const Panel& panel : panels()) {
    if (panel.name != "fig3b_trailing_32k_last2k") continue;
    for (const RunGroup* arm : {&panel.moba, &panel.full}) {
      const FitData data = fit_data_of(*arm, kTail);
      const LawFit without = fitted(PowerLaw{}, data, {}, panel.name);
      const Estimate with = estimated(FlooredPowerLaw{}, data, {}, panel.name);
      CHECK(with.floor_status == FloorStatus::not_identified);
      CHECK(with.intervals[0].lo == 0);
      const double apart =
          predicted(with.fit, {10 * with.fit.range[0].hi}) / predicted(without, {10 * with.fit.range[0].hi}) - 1;
      CHECK(apart > 0.085);
      CHECK(apart < 0.125);
    }
  }
}

}  // namespace mobasim::tests::moba_comparison_page_test
