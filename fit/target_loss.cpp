#include "fit/target_loss.h"

#include <fmt/core.h>

#include <cmath>
#include <functional>
#include <optional>

namespace mobasim {
namespace {

constexpr double kFarthest = 1e12;  // times the range of the data, either way: beyond it an answer says nothing

// The least log product at which `value` (falling) has come down to `loss`; nothing where it never does in the range.
std::optional<double> falls_to(const std::function<double(double)>& value, double loss, double from, double to) {
  if (!(value(to) <= loss)) return std::nullopt;
  if (value(from) <= loss) return from;
  for (int i = 0; i < 200 && to - from > 1e-13 * std::abs(to); ++i) {
    const double middle = (from + to) / 2;
    (value(middle) <= loss ? to : from) = middle;
  }
  return to;
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

TargetLoss target_loss(const Estimate& estimate, const Backtest& backtest, double loss) {
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
    return [&fit, &estimate, &backtest, part](double log_product) {
      return part(predicted(estimate, backtest, best_split(fit, std::exp(log_product))));
    };
  };
  const auto at = falls_to(along([](const Prediction& p) { return p.value; }), loss, from, to);
  const auto earliest = falls_to(along([](const Prediction& p) { return p.band.lo; }), loss, from, to);
  const auto latest = falls_to(along([](const Prediction& p) { return p.band.hi; }), loss, from, to);
  result.interval = {earliest && *earliest > from ? std::exp(*earliest) : 0, latest ? std::exp(*latest) : INFINITY};
  if (at && *at > from) {
    result.product = std::exp(*at);
    result.x = best_split(fit, result.product);
    result.extrapolation = extrapolation(fit, result.x);
  } else {
    const double floor = shape(fit.law).floor ? parameters(fit.law)[0] : 0;
    result.unreached = loss <= floor ? fmt::format("it is not above the law's floor of {:.4g}", floor)
                                     : "it is beyond 1e12 times the data";
  }
  return result;
}

}  // namespace mobasim
