#include "tests/benchmark/attention/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "kernels/timing.h"

namespace mobasim::benchmark {
namespace {

using kernels::Mechanism;

void put(std::vector<Cell>& row, const std::optional<Estimate>& found) {
  if (found) {
    row.insert(row.end(), {found->median, found->lo, found->hi});
  } else {
    row.insert(row.end(), 3, Cell{});
  }
}

// Round by round.
std::vector<double> quotients(std::vector<double> above, const std::vector<double>& below) {
  for (std::size_t i = 0; i < above.size(); ++i) above[i] /= below[i];
  return above;
}

// Its time over ours; nothing for our own rows of other kinds, and where it is not there.
std::optional<Estimate> time_over(const Comparison& comparison, const Timed& timed, Pass pass, const char* library) {
  if (&timed != &comparison.timed.front()) return std::nullopt;
  for (const Timed& other : comparison.timed) {
    if (other.implementation == library) return estimate(quotients(seconds_of(other, pass), seconds_of(timed, pass)));
  }
  return std::nullopt;
}

std::optional<Estimate> peak_fraction(const Comparison& comparison, const Timed& timed, Pass pass, Flops work) {
  if (comparison.peak.empty()) return std::nullopt;
  std::vector<double> fractions(comparison.peak.size());
  const std::vector<double> seconds = seconds_of(timed, pass);
  for (std::size_t i = 0; i < fractions.size(); ++i) fractions[i] = work.value() / seconds[i] / comparison.peak[i];
  return estimate(fractions);
}

std::vector<Cell> row_of(const Comparison& comparison, const Timed& timed, Pass pass) {
  const kernels::Problem& problem = timed.problem;
  const bool moba = problem.mechanism == Mechanism::moba;
  const std::vector<double> seconds = seconds_of(timed, pass);
  const kernels::Quartiles found = kernels::quartiles(seconds);
  std::vector<Cell> row = {std::string(kernels::name(comparison.dtype)),
                           static_cast<std::int64_t>(comparison.threads),
                           problem.heads,
                           problem.head_dim,
                           kernels::tokens(problem),
                           kernels::name(problem.mechanism),
                           moba ? Cell{problem.block} : Cell{},
                           moba ? Cell{problem.top_k} : Cell{},
                           std::string(name(pass)),
                           timed.implementation,
                           timed.tiles,
                           static_cast<std::int64_t>(seconds.size()),
                           found.median,
                           found.lo,
                           found.hi,
                           flops_of(problem, pass).value() / found.median};
  row.push_back(comparison.peak.empty() ? Cell{} : Cell{kernels::quantile(comparison.peak, 0.5)});
  put(row, peak_fraction(comparison, timed, pass, flops_of(problem, pass)));
  const std::optional<Estimate> useful = peak_fraction(comparison, timed, pass, useful_flops_of(problem, pass));
  row.push_back(useful ? Cell{useful->median} : Cell{});
  put(row, time_over(comparison, timed, pass, "openblas"));
  put(row, time_over(comparison, timed, pass, "onednn"));
  const Timed& full = comparison.timed.front();
  if (moba) {
    const double flop_ratio = flops_of(full.problem, pass) / flops_of(problem, pass);
    const Estimate speed_up = estimate(quotients(seconds_of(full, pass), seconds));
    put(row, speed_up);
    row.insert(row.end(), {flop_ratio, speed_up.median / flop_ratio});
  } else {
    row.insert(row.end(), 5, Cell{});
  }
  return row;
}

// Lengths and logarithms of the speed-up, in ascending order of the lengths.
using Curve = std::map<std::int64_t, double>;

std::string break_even(const Curve& curve) {
  const auto last = curve.rbegin();
  if (last->second <= 0) return fmt::format("beyond {}", last->first);
  // Downwards from the greatest length, to where the full attention is faster for the first time.
  for (auto above = last, below = std::next(last); below != curve.rend(); above = below++) {
    if (below->second > 0) continue;
    const double share = -below->second / (above->second - below->second);
    const double log_length = std::log(static_cast<double>(below->first)) +
                              share * std::log(static_cast<double>(above->first) / static_cast<double>(below->first));
    return fmt::format("{:.0f}", std::exp(log_length));
  }
  return fmt::format("below {}", curve.begin()->first);
}

}  // namespace

Estimate estimate(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  // Most values that may be left out on each side: P(binomial(n, 1/2) <= left_out - 1) <= 2.5%.
  std::size_t left_out = 0;
  double term = std::pow(0.5, static_cast<double>(n)), below = term;
  while (left_out < n / 2 && below <= 0.025) {
    ++left_out;
    term *= static_cast<double>(n - left_out + 1) / static_cast<double>(left_out);
    below += term;
  }
  const std::size_t lo = left_out == 0 ? 0 : left_out - 1;
  return {values[lo], kernels::quantile(values, 0.5), values[n - 1 - lo]};
}

Table report(const std::vector<Comparison>& comparisons) {
  Table table;
  table.columns = {"dtype",
                   "threads",
                   "heads",
                   "head_dim",
                   "sequence",
                   "mechanism",
                   "block",
                   "top_k",
                   "pass",
                   "implementation",
                   "tiles",
                   "rounds",
                   "time_s",
                   "time_lo_s",
                   "time_hi_s",
                   "flop_per_s",
                   "peak_flop_per_s",
                   "peak_fraction",
                   "peak_fraction_lo",
                   "peak_fraction_hi",
                   "useful_peak_fraction",
                   "over_openblas",
                   "over_openblas_lo",
                   "over_openblas_hi",
                   "over_onednn",
                   "over_onednn_lo",
                   "over_onednn_hi",
                   "speed_up",
                   "speed_up_lo",
                   "speed_up_hi",
                   "flop_ratio",
                   "speed_up_share"};
  for (const Comparison& comparison : comparisons) {
    for (const Timed& timed : comparison.timed) {
      for (const Pass pass : kPasses) table.rows.push_back(row_of(comparison, timed, pass));
    }
  }
  return table;
}

std::vector<std::string> break_even_lengths(const std::vector<Comparison>& comparisons) {
  std::map<std::string, Curve> curves;
  for (const Comparison& comparison : comparisons) {
    for (const Timed& timed : comparison.timed) {
      if (timed.problem.mechanism != Mechanism::moba) continue;
      for (const Pass pass : kPasses) {
        const std::string key =
            fmt::format("{}, {} thread{}, head_dim {}, block {}, top_k {}, {}", kernels::name(comparison.dtype),
                        comparison.threads, comparison.threads == 1 ? "" : "s", timed.problem.head_dim,
                        timed.problem.block, timed.problem.top_k, name(pass));
        const Estimate speed_up =
            estimate(quotients(seconds_of(comparison.timed.front(), pass), seconds_of(timed, pass)));
        curves[key][kernels::tokens(timed.problem)] = std::log(speed_up.median);
      }
    }
  }
  std::vector<std::string> lines;
  for (const auto& [key, curve] : curves) lines.push_back(fmt::format("{}: {}", key, break_even(curve)));
  return lines;
}

}  // namespace mobasim::benchmark
