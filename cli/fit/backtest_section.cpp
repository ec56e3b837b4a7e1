#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/fit/sections.h"
#include "fit/report/words.h"

namespace mobasim::cli {
namespace {

constexpr std::size_t kMostHeldOut = 40;  // rows of a table of held-out points; of more the worst are shown
constexpr std::size_t kMostWorst = 10;

std::vector<std::string> held_out_row(const HeldOut& one) {
  return {fmt::format("{}", one.fitted_clusters), times(one.extrapolation), number(one.observed), number(one.predicted),
          signed_percent(one.error())};
}

std::vector<PageTable::Column> held_out_columns(const std::string& unit) {
  return {{fmt::format("{}s fitted", unit)}, {"times the data"}, {"observed"}, {"predicted"}, {"error"}};
}

// One row an origin, for back-tests of too many points to be shown.
PageTable origin_table(const Backtest& backtest, const std::string& unit) {
  PageTable table{"Held out, by origin",
                  {{fmt::format("{}s fitted", unit)},
                   {"points held out"},
                   {"at most times the data"},
                   {"error, RMS"},
                   {"worst error"}},
                  {}};
  const auto& all = backtest.held_out;
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find_if(begin, all.end(),
                                  [&](const HeldOut& one) { return one.fitted_clusters != begin->fitted_clusters; });
    double squares = 0, farthest = 0, worst = 0;
    for (auto one = begin; one != end; ++one) {
      squares += one->error() * one->error();
      farthest = std::max(farthest, one->extrapolation);
      if (std::abs(one->error()) > std::abs(worst)) worst = one->error();
    }
    const auto count = end - begin;
    table.rows.push_back({fmt::format("{}", begin->fitted_clusters), fmt::format("{}", count), times(farthest),
                          percent(std::sqrt(squares / static_cast<double>(count))), signed_percent(worst)});
    begin = end;
  }
  return table;
}

void add_held_out(Section& section, const Backtest& backtest, const std::string& unit) {
  std::vector<HeldOut> shown = backtest.held_out;
  std::string caption = "Held-out points, each predicted from the smaller ones alone";
  if (shown.size() > kMostHeldOut) {
    section.blocks.push_back(origin_table(backtest, unit));
    std::ranges::stable_sort(shown, std::greater{}, [](const HeldOut& one) { return std::abs(one.error()); });
    shown.resize(kMostWorst);
    caption = fmt::format("The {} held-out points with the largest errors", kMostWorst);
  }
  PageTable table{caption, held_out_columns(unit), {}};
  for (const HeldOut& one : shown) table.rows.push_back(held_out_row(one));
  section.blocks.push_back(std::move(table));
}

// What the band of a projection allows for, beside the scatter of the points.
std::string rate_words(const Backtest& backtest) {
  if (backtest.rate == 0) return "0: no held-out error is larger than the scatter of the points explains";
  return fmt::format(
      "{} per e-fold beyond the data (log error, less the scatter of the points, over log distance, root "
      "mean square): 2 x rate x ln 10 = {} at ten times the data",
      percent(backtest.rate), percent(2 * backtest.rate * std::log(10.0)));
}

}  // namespace

Section backtest_section(const FitReport& report, const GroupFit& group) {
  Section section{"Back-test", {}};
  if (!group.backtest) {
    section.blocks.emplace_back(Paragraph{"None was asked for (--backtest)."});
    return section;
  }
  const Backtest& backtest = *group.backtest;
  if (!backtest.impossible.empty()) {
    section.blocks.emplace_back(Paragraph{backtest.impossible + "."});
    return section;
  }
  const std::string unit = unit_of(report, group);
  Facts facts;
  facts.rows.emplace_back("Origins", fmt::format("{}: so often the law was fitted to the smaller {}s and asked for the "
                                                 "larger ones",
                                                 backtest.origins, unit));
  facts.rows.emplace_back("Held-out points", fmt::format("{}", backtest.held_out.size()));
  facts.rows.emplace_back("Error", percent(backtest.rms_error) + ", root mean square");
  facts.rows.emplace_back("Rate", rate_words(backtest));
  section.blocks.emplace_back(std::move(facts));
  add_held_out(section, backtest, unit);
  return section;
}

}  // namespace mobasim::cli
