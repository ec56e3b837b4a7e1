#include "fit/fitted.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "fit/interval.h"
#include "fit/solve.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

constexpr std::size_t kFewestPoints = 3;   // two always lie on a line: nothing would be left to judge it by
constexpr double kSmallestXSpread = 1e-9;  // relative; below it, x differ by rounding only

// The points of a fit, with the range of x as it stands in the data.
struct Chosen {
  LogPoints logs;
  double x_min = std::numeric_limits<double>::infinity(), x_max = 0;
};

void append(Chosen& chosen, const Point& point) {
  chosen.logs.log_x.push_back(std::log(point.x));
  chosen.logs.log_y.push_back(std::log(point.loss));
  chosen.x_min = std::min(chosen.x_min, point.x);
  chosen.x_max = std::max(chosen.x_max, point.x);
}

void end_run(Chosen& chosen) { chosen.logs.run_end.push_back(chosen.logs.log_x.size()); }

// Throws ConfigError unless the points determine a line.
void require_determined(const Chosen& chosen, const std::string& what, std::string_view law) {
  const std::size_t n = chosen.logs.log_x.size();
  if (n < kFewestPoints) {
    throw ConfigError(fmt::format("{}: {} point{} cannot determine the law {}, which needs at least {}", what, n,
                                  n == 1 ? "" : "s", law, kFewestPoints));
  }
  if (chosen.x_max - chosen.x_min < kSmallestXSpread * chosen.x_max) {
    throw ConfigError(fmt::format("{}: all {} points have the same x ({}), which cannot determine the law {}", what, n,
                                  shortest(chosen.x_min), law));
  }
}

template <class Law>
Fitted<Law> fitted_law(const Chosen& chosen, const std::string& what) {
  require_determined(chosen, what, Law::kName);
  const LogLine line = solved_line(chosen.logs);
  const double scale = std::exp(line.log_scale());
  if (!std::isfinite(scale) || scale == 0) {
    throw ConfigError(
        fmt::format("{}: the law's value at x = 1 is exp({}), which no number here can hold; give x in a "
                    "unit nearer to the data",
                    what, shortest(line.log_scale())));
  }
  const LineUncertainty uncertainty = uncertainty_of(line, chosen.logs);
  Fitted<Law> fit;
  fit.law = Law{scale, line.exponent};
  fit.points = static_cast<std::int64_t>(chosen.logs.log_x.size());
  fit.clusters = static_cast<std::int64_t>(chosen.logs.run_end.size());
  fit.objective = line.objective;
  fit.x_min = chosen.x_min;
  fit.x_max = chosen.x_max;
  fit.covariance = uncertainty.covariance;
  fit.degrees_of_freedom = uncertainty.degrees_of_freedom;
  fit.run_variance = uncertainty.run_variance;
  fit.scale = value_interval(line, uncertainty, 0);
  fit.exponent = exponent_interval(line, uncertainty);
  return fit;
}

template <class Law>
Interval interval_of_fit(const Fitted<Law>& fit, double scale, double exponent, double x) {
  const LogLine line{.centre = 0, .height = std::log(scale), .exponent = exponent};
  return value_interval(line, {fit.covariance, fit.degrees_of_freedom, fit.run_variance}, std::log(x));
}

// The chosen points of a run as one: geometric means.
Point geometric_mean(const std::vector<Point>& points) {
  double log_x = 0, log_loss = 0;
  for (const Point& point : points) {
    log_x += std::log(point.x);
    log_loss += std::log(point.loss);
  }
  const double n = static_cast<double>(points.size());
  return {std::exp(log_x / n), std::exp(log_loss / n)};
}

using RunsByKey = std::map<std::vector<std::string>, const TrainingRun*>;

RunsByKey runs_by_key(const RunGroup& group, const std::string& what) {
  RunsByKey runs;
  for (const TrainingRun& run : group.runs) {
    if (!runs.emplace(run.key, &run).second) {
      throw ConfigError(fmt::format("{}: two runs '{}' in one arm; pairs need one", what, joined(run.key)));
    }
  }
  return runs;
}

std::vector<std::string> keys_without_partner(const RunGroup& group, const RunsByKey& other) {
  std::vector<std::string> names;
  for (const TrainingRun& run : group.runs) {
    if (!other.contains(run.key)) names.push_back("'" + joined(run.key) + "'");
  }
  return names;
}

void require_partners(const RunGroup& a, const RunGroup& b, const std::string& what) {
  const std::vector<std::string> only_a = keys_without_partner(a, runs_by_key(b, what));
  const std::vector<std::string> only_b = keys_without_partner(b, runs_by_key(a, what));
  if (only_a.empty() && only_b.empty()) return;
  std::string message = what + ": runs without a partner in the other arm:";
  if (!only_a.empty()) message += fmt::format(" {} only in the first", joined(only_a));
  if (!only_a.empty() && !only_b.empty()) message += ";";
  if (!only_b.empty()) message += fmt::format(" {} only in the second", joined(only_b));
  throw ConfigError(message);
}

}  // namespace

Fitted<PowerLaw> fitted_power_law(const RunGroup& group, const PointRule& rule, const std::string& what) {
  Chosen chosen;
  for (const TrainingRun& run : group.runs) {
    for (const Point& point : chosen_points(run, rule)) append(chosen, point);
    if (!run.points.empty()) end_run(chosen);
  }
  return fitted_law<PowerLaw>(chosen, what);
}

Fitted<PairedLaw> fitted_paired_law(const RunGroup& a, const RunGroup& b, const PointRule& rule,
                                    const std::string& what) {
  require_partners(a, b, what);
  const RunsByKey partners = runs_by_key(b, what);
  Chosen chosen;
  for (const TrainingRun& run : a.runs) {
    const Point of_a = geometric_mean(chosen_points(run, rule));
    const Point of_b = geometric_mean(chosen_points(*partners.at(run.key), rule));
    append(chosen, {std::sqrt(of_a.x) * std::sqrt(of_b.x), of_a.loss / of_b.loss});
    end_run(chosen);
  }
  return fitted_law<PairedLaw>(chosen, what);
}

Interval interval_at(const Fitted<PowerLaw>& fit, double x) { return interval_of_fit(fit, fit.law.a, fit.law.b, x); }

Interval interval_at(const Fitted<PairedLaw>& fit, double x) { return interval_of_fit(fit, fit.law.r, fit.law.s, x); }

}  // namespace mobasim
