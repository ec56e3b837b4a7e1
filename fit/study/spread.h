// How far the verdict on a cost axis hangs on what is known of the attention times: the corners of their ranges, and
// the other implementations that the device has measurements of. Gemms are common to both arms, so their
// uncertainty moves both alike and is left out (A64).
#pragma once

#include <string>
#include <vector>

#include "fit/study/projection.h"

namespace mobasim {

struct SpreadRow {
  std::string treatment_implementation, baseline_implementation;  // empty: the run's own choice
  std::string treatment_attention, baseline_attention;            // lo | middle | hi of its time
  double x = 0;  // the largest x inside both arms' data, where they are compared
  LossRatio ratio;
  double cost_factor = 1;  // how many times more the arm with the higher loss spends for the same loss
  Basis basis = Basis::measured;
};

// The first row is the projection itself. Empty on axes that no time enters (6nd, model_flops).
[[nodiscard]] std::vector<SpreadRow> spread_of(const Study& study, const StudyData& data, const Projection& projection);
[[nodiscard]] Table spread_table(const Projection& projection, const std::vector<SpreadRow>& rows);

}  // namespace mobasim
