#include "cli/fit/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fit/report/words.h"

namespace mobasim::cli {
namespace {

std::vector<PageTable::Column> input_columns(const LossLaw& law) {
  if (shape(law).inputs == 1) return {{"compute"}};
  return {{"parameters"}, {"tokens"}};
}

void add_ranges(Facts& facts, const LawFit& fit) {
  const auto range = [](const Interval& one) { return interval(one); };
  if (shape(fit.law).inputs == 1) {
    facts.rows.emplace_back("Range of compute", range(fit.range[0]));
    return;
  }
  facts.rows.emplace_back("Range of parameters", range(fit.range[0]));
  facts.rows.emplace_back("Range of tokens", range(fit.range[1]));
  facts.rows.emplace_back("Range of parameters x tokens", range(fit.product_range));
}

// How the minimum was found: by how many of the searches, and whether two solvers agree on it.
void add_minimum(Facts& facts, const LawFit& fit) {
  facts.rows.emplace_back("Objective", fmt::format("{:.12g}, the sum at the minimum", fit.objective));
  facts.rows.emplace_back("Starts", fmt::format("{} of {} local searches ended in this minimum", fit.hits, fit.starts));
  facts.rows.emplace_back("Solvers", fmt::format("Levenberg-Marquardt and BFGS end {} apart, relative to the objective",
                                                 number(fit.solvers_apart, 2)));
}

void add_spread(Facts& facts, const FitReport& report, const GroupFit& group) {
  const Uncertainty& uncertainty = group.estimate.uncertainty;
  const std::string unit = unit_of(report, group);
  if (!determined(uncertainty)) {
    facts.rows.emplace_back("Degrees of freedom", fmt::format("none: {} do not determine how sure {} parameters are",
                                                              counted(group.estimate.fit.clusters, unit),
                                                              shape(group.estimate.fit.law).coordinates()));
    return;
  }
  facts.rows.emplace_back("Degrees of freedom",
                          fmt::format("{}: {} less the parameters fitted", number(uncertainty.degrees_of_freedom),
                                      counted(group.estimate.fit.clusters, unit)));
  facts.rows.emplace_back(
      fmt::format("Scatter of {}s", unit),
      fmt::format("{} about the law, one standard deviation", percent(std::sqrt(uncertainty.cluster_variance))));
  if (!group.data.clustered()) return;
  facts.rows.emplace_back(
      fmt::format("Scatter within a {}", unit),
      fmt::format("{} about it, one standard deviation", percent(std::sqrt(uncertainty.point_variance))));
}

// "bca, floor profile": the first parameter by profile, the others by the bootstrap.
std::string method_words(const std::string& method, const Interval& of, std::size_t parameter) {
  if (!determines(of)) return "none";
  if (method == "t") return "delta method, Student's t";
  const bool profiled = method == "profile" || (method == "bca, floor profile" && parameter == 0);
  return profiled ? "profile likelihood" : "bootstrap, BCa";
}

std::string no_interval_words(const FitReport& report, const GroupFit& group) {
  if (report.loss.huber_delta && determined(group.estimate.uncertainty) && !group.bootstrap) {
    return "No interval counts: under Huber's loss the curvature at the minimum says little, and it takes resamples "
           "(--bootstrap N).";
  }
  return fmt::format("No interval is determined: {} for {} parameters.",
                     counted(group.estimate.fit.clusters, unit_of(report, group)),
                     shape(group.estimate.fit.law).coordinates());
}

PageTable every_interval(const GroupFit& group) {
  PageTable table{"95% intervals by every method", {{"parameter", false}, {"delta method, t", false}}, {}};
  const bool profiled =
      std::ranges::any_of(group.intervals, [](const ParameterInterval& one) { return determines(one.profile); });
  const bool resampled = group.bootstrap.has_value();
  if (profiled) table.columns.push_back({"profile likelihood", false});
  if (resampled)
    table.columns.insert(table.columns.end(), {{"bootstrap, percentile", false}, {"bootstrap, BCa", false}});
  const std::vector<std::string> names = parameter_names(group.estimate.fit.law);
  for (std::size_t j = 0; j < group.intervals.size(); ++j) {
    const ParameterInterval& one = group.intervals[j];
    std::vector<std::string> row = {names[j], interval(one.delta)};
    if (profiled) row.push_back(interval(one.profile));
    if (resampled) {
      const BootstrapInterval of = one.bootstrap.value_or(BootstrapInterval{});
      row.insert(row.end(), {interval(of.percentile), interval(of.bca)});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Section fit_section(const FitReport& report, const GroupFit& group) {
  const LawFit& fit = group.estimate.fit;
  const std::string unit = unit_of(report, group);
  Section section{"The fit", {}};
  Facts facts;
  facts.rows.emplace_back("Law", fmt::format("{}: {}", name(fit.law), formula(fit.law)));
  facts.rows.emplace_back("Fitted", fitted_formula(fit.law));
  facts.rows.emplace_back("Points", unit == "point" ? fmt::format("{}, each on its own", fit.points)
                                                    : fmt::format("{} of {}", fit.points, counted(fit.clusters, unit)));
  add_ranges(facts, fit);
  facts.rows.emplace_back("Loss function", loss_name(fit.loss));
  add_minimum(facts, fit);
  add_spread(facts, report, group);
  if (const std::string words = floor_words(group); !words.empty()) {
    facts.rows.emplace_back("Floor", words);
  }
  section.blocks.emplace_back(std::move(facts));
  for (const std::string& words : fit.degenerate) section.blocks.emplace_back(Paragraph{words, true});
  return section;
}

Section parameter_section(const FitReport& report, const GroupFit& group) {
  const Estimate& estimate = group.estimate;
  Section section{"Parameters", {}};
  PageTable table{"", {{"parameter", false}, {"value"}, {"95% interval", false}, {"by", false}}, {}};
  const std::vector<std::string> names = parameter_names(estimate.fit.law);
  const std::vector<double> values = parameters(estimate.fit.law);
  for (std::size_t j = 0; j < values.size(); ++j) {
    table.rows.push_back({names[j], number(values[j], 7), interval(estimate.intervals[j]),
                          method_words(estimate.interval_method, estimate.intervals[j], j)});
  }
  section.blocks.emplace_back(std::move(table));
  if (std::ranges::none_of(estimate.intervals, determines))
    section.blocks.emplace_back(Paragraph{no_interval_words(report, group)});
  section.blocks.emplace_back(every_interval(group));
  if (!group.bootstrap) {
    section.blocks.emplace_back(Paragraph{"No bootstrap was asked for (--bootstrap N)."});
    return section;
  }
  const std::string unit = unit_of(report, group);
  section.blocks.emplace_back(Paragraph{fmt::format(
      "Bootstrap: {} with replacement, of {}s{}, seed {}; {} that did not determine the law {} made again.",
      counted(static_cast<std::int64_t>(group.bootstrap->resamples.size()), "resample"), unit,
      group.data.clustered() ? " as a whole" : "", report.seed, counted(group.bootstrap->undetermined, "draw"),
      group.bootstrap->undetermined == 1 ? "was" : "were")});
  return section;
}

Section projection_section(const FitReport& report, const GroupFit& group) {
  Section section{"Projections", {}};
  if (group.projected.empty()) {
    section.blocks.emplace_back(Paragraph{"None was asked for (--project, --project-from)."});
    return section;
  }
  PageTable table{
      "95% intervals: of the law itself, and of one more observation (its scatter and the errors of the "
      "back-test included)",
      input_columns(report.law),
      {}};
  table.columns.insert(table.columns.end(),
                       {{"law"}, {"law, 95%", false}, {"observation, 95%", false}, {"beyond", false}});
  const bool observed = std::ranges::any_of(
      group.projected, [](const GroupFit::Projected& one) { return one.target.observed.has_value(); });
  if (observed) table.columns.insert(table.columns.end(), {{"observed"}, {"error"}});
  for (const auto& [target, prediction, other] : group.projected) {
    std::vector<std::string> row;
    for (const double x : target.x) row.push_back(number(x));
    row.insert(row.end(), {number(prediction.value), interval(prediction.mean), interval(prediction.band),
                           reach(prediction.extrapolation)});
    if (observed) {
      row.push_back(target.observed ? number(*target.observed) : "");
      row.push_back(target.observed ? signed_percent(prediction.value / *target.observed - 1) : "");
    }
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
  if (group.backtest && !group.backtest->impossible.empty()) {
    section.blocks.emplace_back(Paragraph{
        "No back-test widens these intervals: they say how the points scatter, not how far the law can be wrong beyond "
        "them.",
        true});
  }
  return section;
}

Section target_section(const FitReport& report, const GroupFit& group) {
  Section section{"Losses to be reached", {}};
  if (group.target_losses.empty()) {
    section.blocks.emplace_back(Paragraph{"None was asked for (--target-loss)."});
    return section;
  }
  const bool two = shape(report.law).inputs == 2;
  PageTable table{two ? "The parameters and tokens that reach the loss with the least compute; compute is 6 x "
                        "parameters x tokens"
                      : "The compute that the law reaches the loss with",
                  {{"loss"}},
                  {}};
  const auto columns = input_columns(report.law);
  table.columns.insert(table.columns.end(), columns.begin(), columns.end());
  if (two) table.columns.push_back({"compute"});
  table.columns.insert(table.columns.end(), {{two ? "compute, 95%" : "95%", false}, {"beyond", false}});
  const double factor = two ? 6 : 1;  // FLOP a parameter and token (Kaplan et al. 2020, arXiv 2001.08361, section 2.1)
  for (const TargetLoss& target : group.target_losses) {
    std::vector<std::string> row = {number(target.loss)};
    for (std::size_t i = 0; i < columns.size(); ++i) row.push_back(target.x.empty() ? "never" : number(target.x[i]));
    if (two) row.push_back(target.x.empty() ? "never" : number(factor * target.product));
    row.push_back(interval({factor * target.interval.lo, factor * target.interval.hi}));
    row.push_back(target.unreached.empty() ? reach(target.extrapolation) : "not reached: " + target.unreached);
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
  return section;
}

}  // namespace mobasim::cli
