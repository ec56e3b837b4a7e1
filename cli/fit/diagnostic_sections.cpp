#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/fit/sections.h"
#include "fit/report/words.h"

namespace mobasim::cli {
namespace {

constexpr std::size_t kMostOutliers = 50;     // rows
constexpr std::size_t kMostLeftOutRows = 30;  // above it those that move most are shown
constexpr std::size_t kMostMoving = 10;

// Exponents of a law, and where they stand among its parameters.
struct Exponent {
  std::string name;
  std::size_t at = 0;
};

std::vector<Exponent> exponents_of(const LossLaw& law) {
  const LawShape form = shape(law);
  const std::vector<std::string> names = parameter_names(law);
  std::vector<Exponent> exponents;
  for (std::size_t i = 0; i < form.inputs; ++i) exponents.push_back({names[form.exponent(i)], form.exponent(i)});
  if (form.outer) exponents.push_back({names[form.outer_at()], form.outer_at()});
  return exponents;
}

// Those without which the law is still determined, the most moving first.
std::vector<LeftOut> by_change(const GroupFit& group, const std::function<double(const LeftOut&)>& change) {
  std::vector<LeftOut> sorted;
  for (const LeftOut& one : group.left_out) {
    if (!one.parameters.empty()) sorted.push_back(one);
  }
  std::ranges::stable_sort(sorted, std::greater{}, [&](const LeftOut& one) { return std::abs(change(one)); });
  return sorted;
}

double change_of_value(const GroupFit& group, const LeftOut& one) {
  return one.value / predicted(group.estimate.fit, group.reference) - 1;
}

PageTable left_out_table(const FitReport& report, const GroupFit& group, const std::vector<LeftOut>& shown) {
  const std::string unit = unit_of(report, group);
  PageTable table{shown.size() < group.left_out.size()
                      ? fmt::format("The {} {}s that move the law most", shown.size(), unit)
                      : fmt::format("Every {}", unit),
                  {{unit + " left out", false}},
                  {}};
  const std::vector<Exponent> exponents = exponents_of(group.estimate.fit.law);
  for (const Exponent& one : exponents) table.columns.push_back({one.name});
  table.columns.insert(table.columns.end(), {{"law at the reference"}, {"change"}});
  for (const LeftOut& one : shown) {
    std::vector<std::string> row = {cluster_name(group, one.cluster)};
    if (one.parameters.empty()) {
      row.resize(table.columns.size(), "not determined");
    } else {
      for (const Exponent& exponent : exponents) row.push_back(number(one.parameters[exponent.at]));
      row.insert(row.end(), {number(one.value), signed_percent(change_of_value(group, one))});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Bullets most_moved(const FitReport& report, const GroupFit& group) {
  Bullets bullets;
  const std::vector<double> values = parameters(group.estimate.fit.law);
  for (const Exponent& exponent : exponents_of(group.estimate.fit.law)) {
    const auto sorted =
        by_change(group, [&](const LeftOut& one) { return one.parameters[exponent.at] - values[exponent.at]; });
    if (sorted.empty()) continue;
    bullets.items.push_back(fmt::format("{}: most by {}, from {} to {} without it", exponent.name,
                                        cluster_words(report, group, sorted.front().cluster),
                                        number(values[exponent.at]), number(sorted.front().parameters[exponent.at])));
  }
  if (const std::string words = most_moving_words(report, group); !words.empty()) bullets.items.push_back(words);
  return bullets;
}

std::string no_aicc_words(const GroupFit& group, const Alternative& one) {
  if (group.estimate.fit.loss.huber_delta) return "none: no likelihood";
  if (group.data.clustered()) return "none: points of runs";
  return one.objective > 0 ? "none: too few points" : "none: exact";
}

std::vector<std::string> alternative_row(const GroupFit& group, const Alternative& one) {
  const bool tested = one.backtest.impossible.empty() && !one.backtest.held_out.empty();
  return {one.name,
          fmt::format("{}", one.coordinates),
          number(one.objective, 7),
          one.aicc ? fmt::format("{:.2f}", *one.aicc) : no_aicc_words(group, one),
          tested ? percent(one.backtest.rms_error) : "none",
          tested ? percent(one.backtest.rate) : "none",
          number(one.value)};
}

Section not_computed(std::string title) {
  return {std::move(title), {Paragraph{"Not looked into: no diagnostics were asked for."}}};
}

}  // namespace

std::string most_moving_words(const FitReport& report, const GroupFit& group) {
  const auto sorted = by_change(group, [&](const LeftOut& one) { return change_of_value(group, one); });
  if (sorted.empty()) return "";
  return fmt::format("What decides most is {}: without it the law at {} is {} ({}).",
                     cluster_words(report, group, sorted.front().cluster),
                     place(group.estimate.fit.law, group.reference), number(sorted.front().value),
                     signed_percent(change_of_value(group, sorted.front())));
}

std::string disagreement_words(const GroupFit& group) {
  std::vector<const Alternative*> fitted;
  for (const Alternative& one : group.alternatives) {
    if (one.refused.empty() && std::isfinite(one.value) && one.value > 0) fitted.push_back(&one);
  }
  if (fitted.size() < 2) return "";
  const auto [low, high] = std::ranges::minmax_element(fitted, {}, [](const Alternative* one) { return one->value; });
  return fmt::format("{} and {} differ by {}: {} and {} at {}.", (*low)->name, (*high)->name,
                     percent((*high)->value / (*low)->value - 1), number((*low)->value), number((*high)->value),
                     reference_words(group));
}

Section outlier_section(const FitReport& report, const GroupFit& group) {
  Section section{"Residuals and outliers", {}};
  const std::string rule =
      "more than 3.5 robust standard deviations (1.4826 times the median distance) from the "
      "residuals' median";
  if (group.outliers.empty()) {
    section.blocks.emplace_back(Paragraph{fmt::format("No outliers: no point is {}.", rule)});
    return section;
  }
  const std::size_t shown = std::min(kMostOutliers, group.outliers.size());
  PageTable table{shown < group.outliers.size() ? fmt::format("The {} farthest of them", shown) : "",
                  {{"line"}, {unit_of(report, group), false}, {"observed"}, {"law"}, {"residual"}, {"deviations"}},
                  {}};
  for (std::size_t k = 0; k < shown; ++k) {
    const Outlier& one = group.outliers[k];
    const double observed = std::exp(group.data.log_y[one.point]);
    const std::string line = line_of(group.data, one.point);
    table.rows.push_back({line.empty() ? "not known" : line, cluster_name(group, cluster_of(group.data, one.point)),
                          number(observed), number(observed / std::exp(one.residual)),
                          signed_percent(std::expm1(one.residual)), number(one.deviations, 3)});
  }
  section.blocks.emplace_back(Paragraph{fmt::format("Outliers: {} of {} points are {}. None was taken out for that.",
                                                    group.outliers.size(), group.data.points(), rule)});
  section.blocks.emplace_back(std::move(table));
  return section;
}

Section leave_one_out_section(const FitReport& report, const GroupFit& group) {
  const std::string unit = unit_of(report, group);
  Section section{fmt::format("One {} left out", unit), {}};
  if (group.left_out.empty()) {
    if (group.data.clusters() <= kMostLeftOut) return not_computed(section.title);
    section.blocks.emplace_back(
        Paragraph{fmt::format("Of more than {} {}s no single one decides; none was left out.", kMostLeftOut, unit)});
    return section;
  }
  section.blocks.emplace_back(Paragraph{"The law is compared at " + reference_words(group) + "."});
  section.blocks.emplace_back(most_moved(report, group));
  std::vector<LeftOut> shown = group.left_out;
  if (shown.size() > kMostLeftOutRows) {
    shown = by_change(group, [&](const LeftOut& one) { return change_of_value(group, one); });
    shown.resize(std::min(kMostMoving, shown.size()));
  }
  if (!shown.empty()) section.blocks.emplace_back(left_out_table(report, group, shown));
  return section;
}

Section alternative_section(const FitReport&, const GroupFit& group) {
  Section section{"Other laws through the same points", {}};
  if (group.alternatives.empty()) return not_computed(section.title);
  PageTable table{"",
                  {{"law", false},
                   {"coordinates"},
                   {"objective"},
                   {"AICc", false},
                   {"held-out error, RMS"},
                   {"rate per e-fold"},
                   {"at the reference"}},
                  {}};
  Bullets refused;
  for (const Alternative& one : group.alternatives) {
    if (one.refused.empty()) {
      table.rows.push_back(alternative_row(group, one));
    } else {
      refused.items.push_back(one.name + " could not be fitted: " + one.refused);
    }
  }
  section.blocks.emplace_back(Paragraph{"The laws are compared at " + reference_words(group) + "."});
  if (!table.rows.empty()) section.blocks.emplace_back(std::move(table));
  if (!refused.items.empty()) section.blocks.emplace_back(std::move(refused));
  if (const std::string words = disagreement_words(group); !words.empty())
    section.blocks.emplace_back(Paragraph{words});
  return section;
}

Section other_loss_section(const FitReport&, const GroupFit& group) {
  Section section{"The same law under other loss functions", {}};
  if (group.deltas.empty()) return not_computed(section.title);
  PageTable table{"", {{"loss function", false}}, {}};
  for (const std::string& name : parameter_names(group.estimate.fit.law)) table.columns.push_back({name});
  table.columns.insert(table.columns.end(), {{"at the reference"}, {"against the fit"}});
  const double fitted = predicted(group.estimate.fit, group.reference);
  for (const DeltaRow& one : group.deltas) {
    std::vector<std::string> row = {loss_name(one.loss)};
    for (const double value : one.parameters) row.push_back(number(value));
    row.insert(row.end(), {number(one.value), signed_percent(one.value / fitted - 1)});
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(
      Paragraph{"How much hangs on how far-off points count, at " + reference_words(group) + "."});
  section.blocks.emplace_back(std::move(table));
  return section;
}

}  // namespace mobasim::cli
