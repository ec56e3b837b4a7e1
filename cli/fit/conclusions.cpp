// What a fit comes to, in words made from its figures.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/fit/sections.h"
#include "fit/report/words.h"

namespace mobasim::cli {
namespace {

constexpr std::size_t kMostSentences = 6;
constexpr double kFewDegrees = 3;   // of freedom, below which a t interval is more than 1.6 times the normal one
constexpr double kDeciding = 0.01;  // change of the law by one run that is worth a sentence

double residual_rms(const GroupFit& group) {
  const LawFit& fit = group.estimate.fit;
  double squares = 0;
  for (std::size_t i = 0; i < group.data.points(); ++i) {
    const double r = group.data.log_y[i] - log_predicted(fit, fit.at, group.data.log_x[i]);
    squares += r * r;
  }
  return std::sqrt(squares / static_cast<double>(group.data.points()));
}

std::string description_words(const FitReport& report, const GroupFit& group) {
  const std::string unit = unit_of(report, group);
  const LawFit& fit = group.estimate.fit;
  const std::string of = unit == "point" ? "" : " of " + counted(fit.clusters, unit);
  std::string words = fmt::format("The law describes the {}{} within {} (root mean square of the residuals)",
                                  counted(fit.points, "point"), of, percent(residual_rms(group)));
  if (group.outliers.empty()) return words + ".";
  return words +
         fmt::format("; {} of them {} apart.", group.outliers.size(), group.outliers.size() == 1 ? "stands" : "stand");
}

// What the law lost of its parts; the floor has a sentence of its own.
std::string degenerate_words(const GroupFit& group) {
  std::string words;
  for (const std::string& one : group.estimate.fit.degenerate) {
    if (one.find("floor came out at zero") != std::string::npos) continue;
    words += (words.empty() ? "The fit is degenerate: " : "; ") + one;
  }
  return words.empty() ? "" : words + ".";
}

// With few points: what cannot be known from them.
std::string few_words(const FitReport& report, const GroupFit& group) {
  const std::string with = "With " + counted(group.estimate.fit.clusters, unit_of(report, group));
  const Uncertainty& uncertainty = group.estimate.uncertainty;
  std::string words;
  if (!determined(uncertainty))
    words = with + " it cannot be known how sure the parameters are: no interval is determined";
  if (group.estimate.fit.clusters < kFewestBacktestClusters) {
    words += words.empty() ? with + " it cannot be known" : ", nor";
    words += " how wrong the law is beyond its data: no back-test is possible";
  }
  if (words.empty()) return "";
  if (determined(uncertainty) && uncertainty.degrees_of_freedom < kFewDegrees) {
    words += fmt::format("; how they scatter is a guess from {} of freedom",
                         counted(std::lround(uncertainty.degrees_of_freedom), "degree"));
  }
  return words + ".";
}

std::string backtest_words(const FitReport& report, const GroupFit& group) {
  if (const std::string few = few_words(report, group); !few.empty()) return few;
  if (!group.backtest) return "How wrong the law is beyond its data was not looked into: no back-test was asked for.";
  const Backtest& backtest = *group.backtest;
  if (!backtest.impossible.empty()) return fmt::format("There is {}.", backtest.impossible);
  const std::string wrong = fmt::format(
      "Fitted to the smaller {}s and asked for the larger ones it was wrong by {} (root mean square of {} held-out "
      "points)",
      unit_of(report, group), percent(backtest.rms_error), backtest.held_out.size());
  if (backtest.rate == 0) return wrong + ", no more than the scatter of the points explains.";
  return wrong + fmt::format("; at that rate some {} are to be allowed for at ten times the data.",
                             percent(2 * backtest.rate * std::log(10.0)));
}

std::string reach_words(const GroupFit& group) {
  double farthest = 1;
  std::string what = "The law is asked";
  for (const auto& one : group.projected) farthest = std::max(farthest, one.prediction.extrapolation);
  for (const TargetLoss& one : group.target_losses) {
    if (!one.unreached.empty() || one.extrapolation <= farthest) continue;
    farthest = one.extrapolation;
    what = fmt::format("A loss of {} takes the law", number(one.loss));
  }
  const std::string far = times(farthest);
  if (farthest > kExtrapolated) return fmt::format("{} {}x beyond its data: read as a guess.", what, far);
  if (farthest > kWarnedExtrapolation) return fmt::format("{} {}x beyond its data: read with care.", what, far);
  return "";
}

std::string unreached_words(const GroupFit& group) {
  for (const TargetLoss& one : group.target_losses) {
    if (!one.unreached.empty()) {
      return fmt::format("A loss of {} is never reached by the law: {}.", number(one.loss), one.unreached);
    }
  }
  return "";
}

std::string deciding_words(const FitReport& report, const GroupFit& group) {
  const double value = predicted(group.estimate.fit, group.reference);
  const bool decides = std::ranges::any_of(group.left_out, [&](const LeftOut& one) {
    return !one.parameters.empty() && std::abs(one.value / value - 1) >= kDeciding;
  });
  return decides ? most_moving_words(report, group) : "";
}

std::string sure_words(const GroupFit& group) {
  const Estimate& estimate = group.estimate;
  const LawShape form = shape(estimate.fit.law);
  const std::size_t at = form.exponent(form.inputs - 1);
  if (!determines(estimate.intervals[at])) return "";
  return fmt::format("The exponent {} is {} (95%: {}).", parameter_names(estimate.fit.law)[at],
                     number(parameters(estimate.fit.law)[at]), interval(estimate.intervals[at]));
}

}  // namespace

std::string floor_words(const GroupFit& group) {
  const Interval interval95 = group.estimate.intervals[0];
  switch (group.estimate.floor_status) {
    case FloorStatus::none:
      return "";
    case FloorStatus::identified:
      return fmt::format("The floor is identified, the data exclude a floor of zero: it is {}{}.",
                         number(parameters(group.estimate.fit.law)[0]),
                         determines(interval95) ? fmt::format(" (95%: {})", interval(interval95)) : "");
    case FloorStatus::not_identified:
      return fmt::format("The floor is not identified: {}. Far from the data laws with and without a floor differ.",
                         determined(group.estimate.uncertainty) ? "a floor of zero is not excluded"
                                                                : "no interval of it is determined");
    case FloorStatus::at_zero:
      return "The floor came out at zero: the best law through these points has none" +
             (determines(interval95) ? fmt::format("; one up to {} is not ruled out.", number(interval95.hi)) : ".");
  }
  return "";
}

std::vector<std::string> conclusions(const FitReport& report, const GroupFit& group) {
  std::string apart = disagreement_words(group);
  // In the order of how much they matter; the last ones go where there are more than there is room for.
  std::vector<std::string> sentences;
  for (std::string& words : std::vector<std::string>{
           description_words(report, group), gap_words(report, group), degenerate_words(group), floor_words(group),
           backtest_words(report, group), pairing_words(group), reach_words(group), apart, unreached_words(group),
           deciding_words(report, group), sure_words(group)}) {
    if (!words.empty() && sentences.size() < kMostSentences) sentences.push_back(std::move(words));
  }
  return sentences;
}

}  // namespace mobasim::cli
