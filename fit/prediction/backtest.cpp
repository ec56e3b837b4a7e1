#include "fit/prediction/backtest.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fit/interval/uncertainty.h"
#include "sim/base/error.h"

namespace mobasim {
namespace {

constexpr std::size_t kFewestLevels = 4;  // of compute, below an origin
constexpr double kLeastSpan = 0.15;  // of the range of log compute, that these must cover: neighbours tell no slope
constexpr std::size_t kMostOrigins = 24;  // of many, evenly spread ones are taken
constexpr double kLeastReach = 1.05;      // below it an error says how points scatter, not how a law extrapolates
constexpr double kSameSize = 1e-6;        // of log compute

// Clusters by their largest compute, and that compute.
struct Order {
  std::vector<std::size_t> clusters;
  std::vector<double> log_compute;  // in that order
};

Order order_of(const FitData& data) {
  std::vector<double> largest;
  std::size_t begin = 0;
  for (const std::size_t end : data.cluster_end) {
    double most = -INFINITY;
    for (std::size_t i = begin; i < end; ++i) most = std::max(most, data.log_x[i][0] + data.log_x[i][1]);
    largest.push_back(most);
    begin = end;
  }
  Order order;
  order.clusters.resize(largest.size());
  std::iota(order.clusters.begin(), order.clusters.end(), std::size_t{0});
  std::ranges::stable_sort(order.clusters, {}, [&](std::size_t c) { return largest[c]; });
  for (const std::size_t c : order.clusters) order.log_compute.push_back(largest[c]);
  return order;
}

// After how many clusters a law may be fitted: those before are of at least `fewest` different computes.
std::vector<std::size_t> origins_of(const Order& order, std::size_t fewest) {
  std::vector<std::size_t> all;
  std::size_t different = 1;
  const double least_span = kLeastSpan * (order.log_compute.back() - order.log_compute.front());
  for (std::size_t k = 1; k < order.clusters.size(); ++k) {
    if (order.log_compute[k] <= order.log_compute[k - 1] + kSameSize) continue;
    const bool spread = order.log_compute[k - 1] - order.log_compute[0] >= least_span;
    if (different >= fewest && spread) all.push_back(k);
    ++different;
  }
  if (all.size() <= kMostOrigins) return all;
  std::vector<std::size_t> spread;
  for (std::size_t i = 0; i < kMostOrigins; ++i) spread.push_back(all[i * (all.size() - 1) / (kMostOrigins - 1)]);
  return spread;
}

void add_held_out(Backtest& result, const LawFit& fit, double scatter, double farthest, const FitData& later) {
  const std::size_t inputs = shape(fit.law).inputs;
  for (std::size_t i = 0; i < later.points(); ++i) {
    std::vector<double> x;
    for (std::size_t k = 0; k < inputs; ++k) x.push_back(std::exp(later.log_x[i][k]));
    HeldOut one{fit.clusters, extrapolation(fit, x), std::exp(later.log_y[i]), predicted(fit, x), scatter};
    if (one.extrapolation >= kLeastReach && one.extrapolation <= farthest * (1 + kSameSize))
      result.held_out.push_back(one);
  }
}

void sum_up(Backtest& result) {
  double squares = 0, reach = 0, relative = 0;
  for (const HeldOut& one : result.held_out) {
    const double log_error = std::log(one.observed / one.predicted), log_reach = std::log(one.extrapolation);
    squares += log_error * log_error - one.scatter;
    reach += log_reach * log_reach;
    relative += one.error() * one.error();
  }
  result.rate = std::sqrt(std::max(0.0, squares) / reach);
  result.rms_error = std::sqrt(relative / static_cast<double>(result.held_out.size()));
}

}  // namespace

Backtest backtested(const LossLaw& kind, const FitData& data, const ResidualLoss& loss, const Progress& progress) {
  Backtest result;
  const auto clusters = static_cast<std::int64_t>(data.clusters());
  const bool paired = std::holds_alternative<PairedLaw>(kind);
  const bool runs = data.clustered() || !data.cluster_names.empty();
  const std::string unit = paired ? "pair" : runs ? "run" : "point";
  if (clusters < kFewestBacktestClusters) {
    result.impossible = fmt::format("no back-test possible: {} {}{}, at least {} are needed", clusters, unit,
                                    clusters == 1 ? "" : "s", kFewestBacktestClusters);
    return result;
  }
  const Order order = order_of(data);
  for (const std::size_t k : origins_of(order, kFewestLevels)) {
    progress.check();
    const auto middle = order.clusters.begin() + static_cast<std::ptrdiff_t>(k);
    try {
      const FitData before = subset(data, {order.clusters.begin(), middle});
      const LawFit fit = fitted(kind, before, loss, "back-test");
      const Uncertainty uncertainty = uncertainty_of(fit, before);
      const double scatter = uncertainty.cluster_variance + uncertainty.point_variance;
      const std::size_t already = result.held_out.size();
      const double span = order.log_compute[k - 1] - order.log_compute[0];
      add_held_out(result, fit, scatter, std::exp(span), subset(data, {middle, order.clusters.end()}));
      if (result.held_out.size() > already) ++result.origins;
    } catch (const ConfigError&) {
      continue;  // the smaller ones alone do not determine the law: no origin
    }
  }
  if (result.held_out.empty()) {
    result.impossible =
        fmt::format("no back-test possible: no part of the {}s determines the law and leaves larger ones", unit);
  } else {
    sum_up(result);
  }
  return result;
}

}  // namespace mobasim
