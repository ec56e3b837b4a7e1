#include "tests/benchmark/attention/results.h"

#include <algorithm>
#include <cmath>

#include "kernels/bench/timing.h"
#include "sim/base/csv.h"

namespace mobasim::benchmark {
namespace {

// Round by round.
std::vector<double> quotients(std::vector<double> above, const std::vector<double>& below) {
  for (std::size_t i = 0; i < above.size(); ++i) above[i] /= below[i];
  return above;
}

std::optional<Estimate> over_kernels(const Comparison& comparison, Pass pass, const char* library) {
  for (const Timed& other : comparison.timed) {
    if (other.implementation != library) continue;
    return estimate(quotients(seconds_of(other, pass), seconds_of(comparison.timed.front(), pass)));
  }
  return std::nullopt;
}

Estimate peak_fraction(const Comparison& comparison, std::vector<double> seconds, Flops work) {
  for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] = work.value() / seconds[i] / comparison.peak[i];
  return estimate(std::move(seconds));
}

Result result_of(const Comparison& comparison, const Timed& timed, Pass pass) {
  Result result;
  result.dtype = kernels::name(comparison.dtype);
  result.threads = comparison.threads;
  result.heads = timed.problem.heads;
  result.head_dim = timed.problem.head_dim;
  result.sequence = kernels::tokens(timed.problem);
  result.block = timed.problem.block;
  result.top_k = timed.problem.top_k;
  result.pass = name(pass);
  result.implementation = timed.implementation;
  result.tiles = timed.tiles;
  const std::vector<double> seconds = seconds_of(timed, pass);
  const kernels::bench::Quartiles found = kernels::bench::quartiles(seconds);
  result.rounds = static_cast<std::int64_t>(seconds.size());
  result.time_s = {found.median, found.lo, found.hi};
  result.flop_per_s = flops_of(timed.problem, pass).value() / found.median;
  if (!comparison.peak.empty()) {
    result.peak_flop_per_s = kernels::bench::quantile(comparison.peak, 0.5);
    result.peak_fraction = peak_fraction(comparison, seconds, flops_of(timed.problem, pass));
    result.useful_peak_fraction = peak_fraction(comparison, seconds, useful_flops_of(timed.problem, pass)).median;
  }
  const Timed& full = comparison.timed.front();
  if (&timed == &full) {
    result.over_openblas = over_kernels(comparison, pass, "openblas");
    result.over_onednn = over_kernels(comparison, pass, "onednn");
  }
  if (timed.problem.mechanism == kernels::Mechanism::moba) {
    result.speed_up = estimate(quotients(seconds_of(full, pass), seconds));
    result.flop_ratio = flops_of(full.problem, pass) / flops_of(timed.problem, pass);
  }
  return result;
}

Cell cell(const std::optional<double>& value) { return value ? Cell{*value} : Cell{}; }

void put(std::vector<Cell>& row, const std::optional<Estimate>& found) {
  for (const double Estimate::*part : {&Estimate::median, &Estimate::lo, &Estimate::hi}) {
    row.push_back(found ? Cell{(*found).*part} : Cell{});
  }
}

// A row of a file, column by name.
struct Reader {
  const CsvTable& table;
  std::size_t row;
  [[nodiscard]] std::string text(const char* column) const {
    return std::string(table.text(row, table.column(column)));
  }
  [[nodiscard]] std::int64_t count(const char* column) const { return table.whole_number(row, table.column(column)); }
  [[nodiscard]] std::optional<double> number(const std::string& column) const {
    const std::size_t at = table.column(column);
    return table.empty(row, at) ? std::nullopt : std::optional(table.number(row, at));
  }
  [[nodiscard]] std::optional<Estimate> interval(const std::string& column, const std::string& unit = "") const {
    const auto median = number(column + unit), lo = number(column + "_lo" + unit), hi = number(column + "_hi" + unit);
    return median && lo && hi ? std::optional(Estimate{*median, *lo, *hi}) : std::nullopt;
  }
};

}  // namespace

Estimate estimate(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  // The ends are the order statistics `end` and n + 1 - end, where P(binomial(n, 1/2) < end) <= 2.5%.
  std::size_t end = 0;
  double term = std::pow(0.5, static_cast<double>(n)), below = term;
  while (end < n / 2 && below <= 0.025) {
    ++end;
    term *= static_cast<double>(n - end + 1) / static_cast<double>(end);
    below += term;
  }
  const std::size_t lo = end == 0 ? 0 : end - 1;
  return {kernels::bench::quantile(values, 0.5), values[lo], values[n - 1 - lo]};
}

std::vector<Result> results(const Comparison& comparison) {
  std::vector<Result> found;
  for (const Timed& timed : comparison.timed) {
    for (const Pass pass : kPasses) found.push_back(result_of(comparison, timed, pass));
  }
  return found;
}

Table table_of(const std::vector<Result>& results) {
  Table table;
  table.columns = {"dtype",
                   "threads",
                   "heads",
                   "head_dim",
                   "sequence",
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
                   "flop_ratio"};
  for (const Result& result : results) {
    std::vector<Cell> row = {result.dtype,          result.threads, result.heads, result.head_dim,
                             result.sequence,       result.block,   result.top_k, result.pass,
                             result.implementation, result.tiles,   result.rounds};
    put(row, result.time_s);
    row.insert(row.end(), {result.flop_per_s, cell(result.peak_flop_per_s)});
    put(row, result.peak_fraction);
    row.push_back(cell(result.useful_peak_fraction));
    put(row, result.over_openblas);
    put(row, result.over_onednn);
    put(row, result.speed_up);
    row.push_back(cell(result.flop_ratio));
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<Result> results_in(const std::filesystem::path& csv) {
  const CsvTable table = CsvTable::read(csv);
  std::vector<Result> found;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const Reader row{table, i};
    Result result;
    result.dtype = row.text("dtype");
    result.threads = row.count("threads");
    result.heads = row.count("heads");
    result.head_dim = row.count("head_dim");
    result.sequence = row.count("sequence");
    result.block = row.count("block");
    result.top_k = row.count("top_k");
    result.pass = row.text("pass");
    result.implementation = row.text("implementation");
    result.tiles = row.text("tiles");
    result.rounds = row.count("rounds");
    result.time_s = row.interval("time", "_s").value_or(Estimate{});
    result.flop_per_s = row.number("flop_per_s").value_or(0);
    result.peak_flop_per_s = row.number("peak_flop_per_s");
    result.useful_peak_fraction = row.number("useful_peak_fraction");
    result.peak_fraction = row.interval("peak_fraction");
    result.over_openblas = row.interval("over_openblas");
    result.over_onednn = row.interval("over_onednn");
    result.speed_up = row.interval("speed_up");
    result.flop_ratio = row.number("flop_ratio");
    found.push_back(std::move(result));
  }
  return found;
}

}  // namespace mobasim::benchmark
