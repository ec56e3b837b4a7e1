#include "fit/study/study_result.h"

#include <fmt/format.h>

#include "sim/base/text.h"

namespace mobasim {

StudyResult study_result(const Study& study, const StudyData& data, const CostBasis& costs) {
  StudyResult result;
  result.projection = projection_of(study, data, costs);
  const Projection& projection = result.projection;
  const Projection on_6nd =
      costs.axis == Axis::six_nd ? projection : projection_of(study, data, cost_basis(study, Axis::six_nd));
  const std::vector<TradeOff> sizes = trade_offs(study, projection, on_6nd);
  const std::vector<SpreadRow> spread = spread_of(study, data, projection);
  result.laws = laws_table(projection);
  result.curves = curves_table(projection, study);
  result.points = projection_table(projection);
  result.sizes = trade_off_table(projection, study.data_basis, sizes);
  if (!spread.empty()) result.spread = spread_table(projection, spread);
  result.summary = verdict(study, projection, sizes, spread);
  return result;
}

std::vector<std::string> notes_on(const StudyData& data) {
  std::vector<std::string> notes;
  if (data.dropped_empty > 0) notes.push_back(fmt::format("{} rows without a loss were left out", data.dropped_empty));
  if (data.ignored > 0) {
    notes.push_back(fmt::format("{} rows of sizes or arms that the study does not name were left out", data.ignored));
  }
  return notes;
}

Provenance provenance_of(const Study& study, const CostBasis& costs, const std::filesystem::path& device) {
  Provenance provenance;
  provenance.inputs = {study.file, study.data};
  for (const StudyModel& model : study.models) provenance.inputs.push_back(model.file);
  provenance.facts = {{"study", study.name},
                      {"source", study.source},
                      {"axis", std::string(name(costs.axis))},
                      {"points", study.points_text}};
  if (costs.device) {
    provenance.inputs.push_back(device);
    if (!costs.device->profile_file.empty()) provenance.inputs.push_back(costs.device->profile_file);
    provenance.facts.emplace_back("device", costs.device->name);
  }
  if (costs.price) {
    provenance.facts.emplace_back("price", fmt::format("{} $/h", shortest(costs.price->value() * kHour.value())));
    provenance.facts.emplace_back("price_source", costs.price_source);
  }
  return provenance;
}

}  // namespace mobasim
