#include "fit/study/trade_off.h"

#include <algorithm>

namespace mobasim {
std::vector<TradeOff> trade_offs(const Study& study, const Projection& on_axis, const Projection& on_6nd) {
  std::vector<TradeOff> rows;
  const PowerLaw &treatment = on_6nd.treatment.law, &baseline = on_6nd.baseline.law;
  for (std::size_t i = 0; i < study.models.size(); ++i) {
    const TokenCost &treatment_cost = on_axis.treatment.costs[i], &baseline_cost = on_axis.baseline.costs[i];
    TradeOff row;
    row.model = study.models[i].value;
    row.compute_6nd = std::min(largest_x(on_6nd.treatment.runs.runs[i]), largest_x(on_6nd.baseline.runs.runs[i]));
    row.tokens = tokens_of(row.compute_6nd, study.models[i]);
    row.treatment_x = row.tokens * treatment_cost.x;
    row.baseline_x = row.tokens * baseline_cost.x;
    row.saving = row.baseline_x / row.treatment_x;
    row.treatment_loss = loss_at(treatment, row.compute_6nd);
    row.baseline_loss = loss_at(baseline, row.compute_6nd);
    row.penalty = x_at(treatment, row.baseline_loss) / row.compute_6nd;
    row.treatment_fits = treatment_cost.fits;
    row.baseline_fits = baseline_cost.fits;
    rows.push_back(row);
  }
  return rows;
}

Table trade_off_table(const Projection& on_axis, Basis data_basis, const std::vector<TradeOff>& rows) {
  const std::string &treatment = on_axis.treatment.arm.name, &baseline = on_axis.baseline.arm.name;
  Table table;
  table.columns = {"axis",
                   "model",
                   "tokens",
                   "compute_6nd_pfdays",
                   "x_" + treatment,
                   "x_" + baseline,
                   "x_unit",
                   "saving",
                   "loss_" + treatment,
                   "loss_" + baseline,
                   "penalty",
                   "basis_" + treatment,
                   "basis_" + baseline,
                   "fits_" + treatment,
                   "fits_" + baseline};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TradeOff& row = rows[i];
    table.rows.push_back(
        {std::string(name(on_axis.costs.axis)), row.model, row.tokens, row.compute_6nd, row.treatment_x, row.baseline_x,
         std::string(unit_of(on_axis.costs.axis)), row.saving, row.treatment_loss, row.baseline_loss, row.penalty,
         std::string(name(worst(data_basis, on_axis.treatment.costs[i].basis))),
         std::string(name(worst(data_basis, on_axis.baseline.costs[i].basis))), row.treatment_fits, row.baseline_fits});
  }
  return table;
}

}  // namespace mobasim
