#include "fit/prediction/target_loss.h"

#include <fmt/core.h>

#include <cmath>
#include <functional>
#include <optional>

namespace mobasim {
namespace {

constexpr double kFarthest = 1e12;  // times the range of the data, either way: beyond it an answer says nothing
constexpr double kStep = 0.1;       // of the log product, in the search for where a band ends

using Curve = std::function<double(double log_product)>;

// Where a curve crosses `loss` between two places, one on either side of it.
double crossing(const Curve& value, double loss, double above, double below) {
  for (int i = 0; i < 200 && std::abs(below - above) > 1e-13 * std::abs(below); ++i) {
    const double middle = (above + below) / 2;
    (value(middle) <= loss ? below : above) = middle;
  }
  return below;
}

// Where a curve first comes to the other side of `loss` on the way from `from` to `to`; `from` itself where it is there
// already, nothing where it never is. A band widens again on the far side of the data, so that the way is gone in
// steps.
std::optional<double> first_crossing(const Curve& value, double loss, double from, double to, bool upward) {
  // Upward the way ends where the curve is down at the loss, downward where it is above it.
  const auto there = [&](double at) { return (value(at) <= loss) == upward; };
  if (there(from)) return from;
  for (double at = from; at != to;) {
    const double next = std::abs(to - at) <= kStep ? to : at + (upward ? kStep : -kStep);
    if (there(next)) return upward ? crossing(value, loss, at, next) : crossing(value, loss, next, at);
    at = next;
  }
  return std::nullopt;
}

bool falls(const LawFit& fit) {
  const LawShape form = shape(fit.law);
  for (std::size_t i = 0; i < form.inputs; ++i) {
    if (std::isinf(fit.at[form.height(i)]) || fit.at[form.exponent(i)] <= 0) return false;
  }
  return true;
}

}  // namespace

std::vector<double> best_split(const LawFit& fit, double product) {
  const LawShape form = shape(fit.law);
  if (form.inputs == 1) return {product};
  // a N^-alpha + b (K / N)^-beta is least where alpha a N^-alpha = beta b D^-beta.
  const double alpha = fit.at[form.exponent(0)], beta = fit.at[form.exponent(1)];
  const double log_a = fit.at[form.height(0)] + alpha * fit.centre[0];
  const double log_b = fit.at[form.height(1)] + beta * fit.centre[1];
  const double log_parameters =
      (std::log(alpha) + log_a - std::log(beta) - log_b + beta * std::log(product)) / (alpha + beta);
  return {std::exp(log_parameters), product / std::exp(log_parameters)};
}

TargetLoss target_loss(const Estimate& estimate, const Backtest& backtest, double loss, const MeanError& mean_error) {
  const LawFit& fit = estimate.fit;
  TargetLoss result;
  result.loss = loss;
  result.product = INFINITY;
  result.interval = {0, INFINITY};
  if (!falls(fit)) {
    result.unreached = "the law does not fall with everything it is made of";
    return result;
  }
  const Interval& range = shape(fit.law).inputs == 1 ? fit.range[0] : fit.product_range;
  const double from = std::log(range.lo / kFarthest), to = std::log(range.hi * kFarthest);
  const auto along = [&](const auto& part) {
    return [&, part](double log_product) {
      const std::vector<double> x = best_split(fit, std::exp(log_product));
      return part(predicted(estimate, backtest, x, mean_error ? mean_error(x) : std::nullopt));
    };
  };
  const Curve value = [&](double log_product) { return predicted(fit, best_split(fit, std::exp(log_product))); };
  const std::optional<double> at =
      value(to) <= loss && value(from) > loss ? std::optional(crossing(value, loss, from, to)) : std::nullopt;
  // What the band holds around the estimate; where there is none, beyond all data.
  const double middle = at.value_or(value(from) <= loss ? from : to);
  const auto earliest = first_crossing(along([](const Prediction& p) { return p.band.lo; }), loss, middle, from, false);
  const auto latest = first_crossing(along([](const Prediction& p) { return p.band.hi; }), loss, middle, to, true);
  const auto told = [&](const std::optional<double>& end) { return end && (at || *end != middle); };
  result.interval = {told(earliest) ? std::exp(*earliest) : 0, told(latest) ? std::exp(*latest) : INFINITY};
  if (at) {
    result.product = std::exp(*at);
    result.x = best_split(fit, result.product);
    result.extrapolation = extrapolation(fit, result.x);
  } else {
    const double floor = shape(fit.law).floor ? parameters(fit.law)[0] : 0;
    result.unreached = loss <= floor         ? fmt::format("it is not above the law's floor of {:.4g}", floor)
                       : value(from) <= loss ? "the law is below it from a 1e12th of the data on"
                                             : "it is beyond 1e12 times the data";
  }
  return result;
}

}  // namespace mobasim
