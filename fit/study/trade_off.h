// What one arm saves and what it loses, size by size: the cost of the same tokens on the axis, against the higher loss
// expressed as compute.
#pragma once

#include <vector>

#include "fit/study/projection.h"

namespace mobasim {

// One size at the end of its runs (the same tokens in both arms).
struct TradeOff {
  std::string model;
  double tokens = 0;
  double compute_6nd = 0;                        // PFLOP/s-days
  double treatment_x = 0, baseline_x = 0;        // spent on the axis for these tokens
  double saving = 1;                             // baseline_x / treatment_x
  double treatment_loss = 0, baseline_loss = 0;  // by the 6nd laws
  // How many times more 6nd compute the treatment needs to reach the baseline's loss, by its own 6nd law. A63
  double penalty = 1;
  bool treatment_fits = true, baseline_fits = true;  // in the device's memory
};

// `on_6nd` is the same study's projection on 6nd.
[[nodiscard]] std::vector<TradeOff> trade_offs(const Study& study, const Projection& on_axis, const Projection& on_6nd);
[[nodiscard]] Table trade_off_table(const Projection& on_axis, Basis data_basis, const std::vector<TradeOff>& rows);

}  // namespace mobasim
