// A study on one axis: each arm's points where it really spends, its law fitted there, and both laws over a grid of x.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fit/interval/estimate.h"
#include "fit/study/axis.h"
#include "fit/study/comparison.h"
#include "fit/study/study.h"
#include "sim/base/table.h"

namespace mobasim {

struct ArmProjection {
  StudyArm arm;
  RunGroup runs;                 // on the axis, in the order of study.models
  std::vector<TokenCost> costs;  // likewise
  Estimate estimate;             // of P2
  PowerLaw law;
  std::optional<Estimate> with_floor;  // P3 through the same points, where they determine it
  Basis basis = Basis::published;      // the worst of the data's and the costs'
};

struct Projection {
  CostBasis costs;
  ArmProjection treatment, baseline;
  Comparison comparison;
  std::optional<Estimate> paired;  // on 6nd, where both arms of a size share their x
  std::vector<double> grid;        // x, rising
};

// Throws ConfigError when an arm's data cannot determine its law.
[[nodiscard]] Projection projection_of(const Study& study, const StudyData& data, const CostBasis& costs);

// Points at powers of 10^(1 / points_per_decade) between the ends, and the ends.
[[nodiscard]] std::vector<double> log_grid(double from, double to, std::int64_t points_per_decade);

// The worst of what both arms rest on; extrapolated where x lies outside of either arm's fitted range.
[[nodiscard]] Basis basis_at(const Projection& projection, double x);
[[nodiscard]] std::string winner_name(const Projection& projection, Winner winner);  // an arm's name, or undecided

// The columns are explained in docs/method/projection.md.
[[nodiscard]] Table laws_table(const Projection& projection);
[[nodiscard]] Table curves_table(const Projection& projection, const Study& study);
[[nodiscard]] Table projection_table(const Projection& projection);

}  // namespace mobasim
