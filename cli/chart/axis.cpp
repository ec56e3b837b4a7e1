#include "cli/chart/axis.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace mobasim::cli {
namespace {

constexpr double kShortRange = 20;  // to / from of a logarithmic axis below which round values label it better

// m * 10^e for every m of `mantissas` that lies on the axis.
std::vector<double> grid_values(const ChartAxis& axis, const std::vector<int>& mantissas) {
  std::vector<double> values;
  const int first = static_cast<int>(std::floor(std::log10(axis.from))) - 1;
  const int last = static_cast<int>(std::ceil(std::log10(axis.to)));
  for (int exponent = first; exponent <= last; ++exponent) {
    for (const int mantissa : mantissas) {
      const double value = std::strtod(fmt::format("{}e{}", mantissa, exponent).c_str(), nullptr);
      if (inside(axis, value)) values.push_back(value);
    }
  }
  return values;
}

// Four to eleven multiples of 1, 2 or 5 times a power of ten.
std::vector<double> round_values(const ChartAxis& axis) {
  const double least_step = (axis.to - axis.from) / 10;
  const double power = std::pow(10.0, std::floor(std::log10(least_step)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= least_step) step = factor * power;
  }
  std::vector<double> values;
  for (double k = std::ceil(axis.from / step - 1e-9); k * step <= axis.to + 1e-9 * step; ++k)
    values.push_back(k * step);
  return values;
}

}  // namespace

double position(const ChartAxis& axis, double value, double start, double end) {
  const double share = axis.linear ? (value - axis.from) / (axis.to - axis.from)
                                   : std::log(value / axis.from) / std::log(axis.to / axis.from);
  return start + (end - start) * share;
}

bool inside(const ChartAxis& axis, double value) {
  if (axis.linear) return value >= axis.from && value <= axis.to;
  return value >= axis.from * (1 - 1e-9) && value <= axis.to * (1 + 1e-9);
}

std::vector<double> labelled_ticks(const ChartAxis& axis) {
  if (!axis.ticks.empty()) {
    std::vector<double> ticks;
    for (const double tick : axis.ticks) {
      if (inside(axis, tick)) ticks.push_back(tick);
    }
    return ticks;
  }
  if (axis.linear || (axis.plain && axis.to / axis.from < kShortRange)) return round_values(axis);
  std::vector<double> ticks = grid_values(axis, {1});
  return ticks.size() >= 2 ? ticks : grid_values(axis, {1, 2, 5});
}

std::string tick_label(double value) {
  int exponent = static_cast<int>(std::floor(std::log10(value) + 1e-9));
  const double mantissa = value / std::pow(10.0, exponent);
  const std::string power = fmt::format("10^{}", exponent);
  return std::abs(mantissa - 1) < 1e-9 ? power : fmt::format("{:.4g}x{}", mantissa, power);
}

std::string tick_label(const ChartAxis& axis, double value) {
  return axis.linear || axis.plain ? fmt::format("{:.4g}", value == 0 ? 0.0 : value) : tick_label(value);
}

std::vector<double> all_ticks(const ChartAxis& axis) {
  return axis.linear ? labelled_ticks(axis) : grid_values(axis, {1, 2, 3, 4, 5, 6, 7, 8, 9});
}

}  // namespace mobasim::cli
