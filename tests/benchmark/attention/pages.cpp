#include "tests/benchmark/attention/pages.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <tuple>

namespace mobasim::benchmark {
namespace {

// The goals: fractions of the peak, of f32 forward with one thread and with all, and backward; of bf16 in both passes;
// share of the ratio of the FLOPs that MoBA's speed-up reaches. docs/performance.md says where they come from.
constexpr double kForward = 0.80, kForwardAllThreads = 0.75, kBackward = 0.65, kBf16 = 0.70;
constexpr double kMobaShare = 1 / 1.35, kSmallMobaShare = 1 / 1.6;

std::string marked(const std::string& text, bool short_of_goal) { return short_of_goal ? "**" + text + "**" : text; }
std::string fraction(const std::optional<Estimate>& found, double goal) {
  return found
             ? marked(fmt::format("{:.2f} ({:.2f}-{:.2f})", found->median, found->lo, found->hi), found->median < goal)
             : "";
}
std::string times(const std::optional<Estimate>& found) {
  return found ? marked(fmt::format("{:.2f} ({:.2f}-{:.2f})", found->median, found->lo, found->hi), found->median < 1)
               : "";
}
std::string milliseconds(const Result& result) { return fmt::format("{:.3g}", 1e3 * result.time_s.median); }

// What belongs into one row of a table: the three passes of an implementation.
using Key = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::string>;
using Passes = std::map<std::string, Result>;
std::map<Key, Passes> rows_of(const std::vector<Result>& results) {
  std::map<Key, Passes> rows;
  for (const Result& r : results) {
    // f32 before bf16, block 512 before 128
    Result& row = rows[{r.dtype == "f32" ? "" : r.dtype, r.threads, -r.block, r.top_k, r.head_dim, r.sequence,
                        r.implementation}][r.pass];
    const Result earlier = std::move(row);
    row = r;
    // A run of one yardstick says nothing of the other.
    if (!row.over_openblas) row.over_openblas = earlier.over_openblas;
    if (!row.over_onednn) row.over_onednn = earlier.over_onednn;
  }
  return rows;
}

double forward_goal(const Result& r) {
  return r.dtype == "bf16" ? kBf16 : r.threads == 1 ? kForward : kForwardAllThreads;
}

double backward_goal(const Result& r) { return r.dtype == "bf16" ? kBf16 : kBackward; }

// The least share of MoBA: block 128, top_k 8 and head_dim 64 may have less than others.
double share_goal(const Result& r) {
  return r.block == 128 && r.top_k == 8 && r.head_dim == 64 ? kSmallMobaShare : kMobaShare;
}

std::string conditions(const Result& r) {
  return fmt::format("{}, {} thread{}", r.dtype, r.threads, r.threads == 1 ? "" : "s");
}

// A heading wherever what the tables differ by changes.
template <class Heading>
void begin_table(std::string& page, std::string& current, const std::string& wanted, const Heading& columns) {
  if (current == wanted) return;
  current = wanted;
  std::string rule = "|";
  int count = 0;
  std::string line = "|";
  for (const std::string& column : columns) line += " " + column + " |", rule += "---|", ++count;
  page += (page.empty() ? "" : "\n") + wanted + ":\n\n" + line + "\n" + rule + "\n";
}

bool complete(const Passes& passes) { return passes.size() == std::size(kPasses); }

// Lengths and logarithms of the speed-up, in ascending order of the lengths.
using Curve = std::map<std::int64_t, double>;

std::string break_even(const Curve& curve) {
  const auto last = curve.rbegin();
  if (last->second <= 0) return fmt::format("beyond {}", last->first);
  // Downwards from the greatest length, to where full attention is faster for the first time.
  for (auto above = last, below = std::next(last); below != curve.rend(); above = below++) {
    if (below->second > 0) continue;
    const double share = -below->second / (above->second - below->second);
    const double ratio = static_cast<double>(above->first) / static_cast<double>(below->first);
    return fmt::format("{:.0f}", static_cast<double>(below->first) * std::pow(ratio, share));
  }
  return fmt::format("below {}", curve.begin()->first);
}

}  // namespace

std::string full_tables(const std::vector<Result>& results) {
  std::string page, current;
  for (const auto& [key, passes] : rows_of(results)) {
    const Result& first = passes.begin()->second;
    if (first.block != 0 || first.implementation != "mobasim" || !complete(passes)) continue;
    begin_table(page, current, "Full attention, " + conditions(first),
                std::vector<std::string>{"head_dim", "sequence", "forward ms", "of the peak", "x OpenBLAS", "x oneDNN",
                                         "backward ms", "of the peak", "4 products", "x OpenBLAS", "x oneDNN",
                                         "both x OpenBLAS", "both x oneDNN"});
    const Result &forward = passes.at("forward"), &backward = passes.at("backward"),
                 &both = passes.at("forward+backward");
    page += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", first.head_dim, first.sequence,
        milliseconds(forward), fraction(forward.peak_fraction, forward_goal(first)), times(forward.over_openblas),
        times(forward.over_onednn), milliseconds(backward), fraction(backward.peak_fraction, backward_goal(first)),
        backward.useful_peak_fraction ? fmt::format("{:.2f}", *backward.useful_peak_fraction) : "",
        times(backward.over_openblas), times(backward.over_onednn), times(both.over_openblas), times(both.over_onednn));
  }
  return page;
}

std::string yardstick_table(const std::vector<Result>& results) {
  std::string page, current;
  for (const auto& [key, passes] : rows_of(results)) {
    const Result& first = passes.begin()->second;
    if (first.implementation == "mobasim" || !complete(passes)) continue;
    begin_table(page, current, "Yardsticks, " + conditions(first),
                std::vector<std::string>{"yardstick", "head_dim", "sequence", "forward ms", "of the peak",
                                         "backward ms", "of the peak", "tiles forward, backward"});
    const Result &forward = passes.at("forward"), &backward = passes.at("backward");
    page += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", first.implementation, first.head_dim,
                        first.sequence, milliseconds(forward), fraction(forward.peak_fraction, 0),
                        milliseconds(backward), fraction(backward.peak_fraction, 0), first.tiles);
  }
  return page;
}

std::string moba_tables(const std::vector<Result>& results) {
  std::string page, current;
  for (const auto& [key, passes] : rows_of(results)) {
    const Result& first = passes.begin()->second;
    if (first.block == 0 || !complete(passes)) continue;
    begin_table(page, current, fmt::format("block {}, top_k {}, {}", first.block, first.top_k, conditions(first)),
                std::vector<std::string>{"head_dim", "sequence", "forward ms", "speed-up", "of FLOPs", "share",
                                         "both ms", "speed-up", "of FLOPs", "share"});
    page += fmt::format("| {} | {} |", first.head_dim, first.sequence);
    for (const char* pass : {"forward", "forward+backward"}) {
      const Result& r = passes.at(pass);
      const double speed_up = r.speed_up.value_or(Estimate{}).median, ratio = r.flop_ratio.value_or(1);
      page += fmt::format(" {} | {} | {:.2f} | {} |", milliseconds(r), times(r.speed_up), ratio,
                          marked(fmt::format("{:.2f}", speed_up / ratio), speed_up / ratio < share_goal(r)));
    }
    page += "\n";
  }
  return page;
}

std::string break_even_table(const std::vector<Result>& results) {
  std::map<Key, std::map<std::string, Curve>> curves;
  for (const auto& [key, passes] : rows_of(results)) {
    for (const auto& [pass, result] : passes) {
      if (!result.speed_up) continue;
      Key shape = key;
      std::get<5>(shape) = 0;  // of all lengths
      curves[shape][pass][result.sequence] = std::log(result.speed_up->median);
    }
  }
  std::string page, current;
  for (const auto& [key, passes] : curves) {
    begin_table(page, current, "MoBA is faster from this length on",
                std::vector<std::string>{"dtype", "threads", "block", "top_k", "head_dim", "forward", "backward",
                                         "forward+backward"});
    const auto& [dtype, threads, block, top_k, head_dim, sequence, implementation] = key;
    page += fmt::format("| {} | {} | {} | {} | {} |", dtype.empty() ? "f32" : dtype, threads, -block, top_k, head_dim);
    for (const Pass pass : kPasses) page += " " + break_even(passes.at(name(pass))) + " |";
    page += "\n";
  }
  return page;
}

}  // namespace mobasim::benchmark
