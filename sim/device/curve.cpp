#include "sim/device/curve.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace mobasim {
namespace {

// Measured points say nothing about what lies between them; neither do their quartiles (A23).
constexpr double kSpreadBetweenMeasured = 0.05;

CurvePoint merged(std::int64_t sequence, const std::vector<const TimedRow*>& times, double published_spread) {
  CurvePoint point{.sequence = sequence, .time = 0, .lo = HUGE_VAL, .hi = -HUGE_VAL, .basis = Basis::measured};
  for (const TimedRow* one : times) {
    const double flops = one->flops.value();
    point.time += std::log(one->time.value() / flops) / static_cast<double>(times.size());
    point.lo = std::min(point.lo, std::log(one->lo.value() / flops));
    point.hi = std::max(point.hi, std::log(one->hi.value() / flops));
    point.basis = worst(point.basis, one->basis);
  }
  if (point.basis != Basis::measured) {
    point.lo = std::min(point.lo, point.time + std::log1p(-published_spread));
    point.hi = std::max(point.hi, point.time + std::log1p(published_spread));
  }
  return point;
}

}  // namespace

Curve curve_of(const std::vector<TimedRow>& times, double published_spread) {
  std::map<std::int64_t, std::vector<const TimedRow*>> by_sequence;
  for (const TimedRow& one : times) by_sequence[one.sequence].push_back(&one);
  Curve curve;
  for (const auto& [sequence, same] : by_sequence) curve.push_back(merged(sequence, same, published_spread));
  return curve;
}

bool covers(const Curve& curve, std::int64_t sequence) {
  return !curve.empty() && curve.front().sequence <= sequence && sequence <= curve.back().sequence;
}

CurvePoint point_at(const Curve& curve, std::int64_t sequence) {
  if (sequence <= curve.front().sequence) return curve.front();
  if (sequence >= curve.back().sequence) return curve.back();
  const auto right = std::lower_bound(curve.begin(), curve.end(), sequence,
                                      [](const CurvePoint& point, std::int64_t s) { return point.sequence < s; });
  if (right->sequence == sequence) return *right;
  const auto left = std::prev(right);
  const auto log = [](std::int64_t s) { return std::log(static_cast<double>(s)); };
  const double share = (log(sequence) - log(left->sequence)) / (log(right->sequence) - log(left->sequence));
  const auto between = [&](double a, double b) { return a + share * (b - a); };
  CurvePoint point{.sequence = sequence,
                   .time = between(left->time, right->time),
                   .lo = between(left->lo, right->lo),
                   .hi = between(left->hi, right->hi),
                   .basis = worst(left->basis, right->basis)};
  if (point.basis == Basis::measured) {
    point.basis = Basis::interpolated;
    point.lo = std::min(point.lo, point.time + std::log1p(-kSpreadBetweenMeasured));
    point.hi = std::max(point.hi, point.time + std::log1p(kSpreadBetweenMeasured));
  }
  return point;
}

}  // namespace mobasim
