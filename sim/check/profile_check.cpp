#include "sim/check/profile_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/check/layer_check.h"

namespace mobasim {
namespace {

std::vector<ShapeLeftOut> everything(const ProfileCheck& check) {
  std::vector<ShapeLeftOut> all = check.shapes;
  std::ranges::copy(check.layers, std::back_inserter(all));
  return all;
}

std::string percent(double fraction) { return fmt::format("{:.1f}%", 100 * fraction); }

// Whether a goal is met; what to say of it.
bool met(const char* what, double found, const std::optional<double>& most, std::vector<std::string>& notes) {
  if (!most) return true;
  notes.push_back(
      fmt::format("{}: {}, {} {}", what, percent(found), found <= *most ? "within" : "above", percent(*most)));
  return found <= *most;
}

std::string described(const ProfileRow& row) {
  if (row.operation == "gemm") return fmt::format("gemm {} {} x {} x {}", row.dtype, row.m, row.n, row.k);
  return fmt::format("{} {} {} {}, sequence {}", row.operation, row.mechanism, row.pass, row.dtype, row.sequence);
}

// Whether every shape of an undisturbed machine was predicted; says which were not.
bool all_predicted(const std::vector<ShapeLeftOut>& shapes, std::string_view what, std::vector<std::string>& notes) {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> missing;
  for (const ShapeLeftOut& one : shapes) {
    if (!one.predicted && !disturbed(one.row)) missing.push_back(fmt::format("{} ({})", described(one.row), one.note));
  }
  if (missing.empty()) return true;
  const std::size_t count = missing.size();
  std::string rest;
  if (count > kNamed) {
    rest = fmt::format("; and {} more", count - kNamed);
    missing.resize(kNamed);
  }
  notes.push_back(fmt::format("{} {}{} could not be predicted: {}{}", count, what, count == 1 ? "" : "s",
                              joined(missing, "; "), rest));
  return false;
}

void note_disturbed(const ProfileCheck& check, std::vector<std::string>& notes) {
  const std::vector<ShapeLeftOut> all = everything(check);
  const auto count = std::ranges::count_if(all, [](const ShapeLeftOut& one) { return disturbed(one.row); });
  if (count == 0) return;
  notes.push_back(
      fmt::format("{} of {} shapes are of a disturbed machine: listed, but not in the summary", count, all.size()));
}

bool shapes_good(const std::vector<ShapeLeftOut>& shapes, const CheckGoals& goals, std::vector<std::string>& notes) {
  const bool gated = goals.median || goals.p90;
  const bool complete = all_predicted(shapes, "shape", notes);
  const InterpolationErrors inner = inner_errors(shapes);
  if (inner.shapes == 0) {
    notes.emplace_back("no shape has measured neighbours on all sides");
    return !gated;
  }
  bool good = met("median of the inner shapes", inner.median, goals.median, notes);
  good = met("90th percentile of the inner shapes", inner.p90, goals.p90, notes) && good;
  return good && (complete || !gated);
}

bool layers_good(const std::vector<ShapeLeftOut>& layers, const CheckGoals& goals, std::vector<std::string>& notes) {
  const bool complete = all_predicted(layers, "layer", notes);
  const std::optional<double> greatest = greatest_layer_error(layers);
  if (!greatest) {
    if (goals.layer) notes.emplace_back("no layer was measured undisturbed and predicted");
    return !goals.layer;
  }
  return met("greatest of the layers, both passes", *greatest, goals.layer, notes) && (complete || !goals.layer);
}

}  // namespace

ProfileCheck profile_check(const Device& device) {
  ProfileCheck check;
  check.shapes = shapes_left_out(device);
  if (check.shapes.empty()) {
    throw ConfigError(
        fmt::format("device {} has no measured rows to leave out; `mobasim bench` measures them", device.name));
  }
  check.layers = layers_foretold(device);
  return check;
}

Table check_table(const ProfileCheck& check) {
  Table table{{"operation", "mechanism", "implementation", "pass",        "dtype",  "sequence", "batch",    "heads",
               "kv_heads",  "head_dim",  "block",          "top_k",       "window", "m",        "n",        "k",
               "hidden",    "ffn",       "measured_s",     "predicted_s", "error",  "basis",    "sampling", "note"},
              {}};
  for (const ShapeLeftOut& one : everything(check)) {
    const ProfileRow& row = one.row;
    std::vector<Cell> cells{row.operation, row.mechanism, row.implementation, row.pass, row.dtype};
    for (const std::int64_t count : {row.sequence, row.batch, row.heads, row.kv_heads, row.head_dim, row.block,
                                     row.top_k, row.window, row.m, row.n, row.k, row.hidden, row.ffn}) {
      cells.push_back(count == 0 ? Cell{} : Cell{count});
    }
    cells.emplace_back(row.time.value());
    cells.push_back(one.predicted ? Cell{one.prediction.value()} : Cell{});
    cells.push_back(one.predicted ? Cell{error_of(one)} : Cell{});
    cells.push_back(one.predicted ? Cell{std::string(name(one.basis))} : Cell{});
    cells.emplace_back(row.sampling);
    cells.emplace_back(one.note);
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table check_summary(const ProfileCheck& check) {
  Table table{{"operation", "mechanism", "pass", "dtype", "where", "shapes", "median", "p90"}, {}};
  for (const InterpolationErrors& one : interpolation_errors(everything(check))) {
    table.rows.push_back({one.operation, one.mechanism, one.pass, one.dtype, std::string(one.inner ? "inner" : "end"),
                          one.shapes, percent(one.median), percent(one.p90)});
  }
  return table;
}

CheckOutcome check_outcome(const ProfileCheck& check, const CheckGoals& goals) {
  CheckOutcome outcome;
  note_disturbed(check, outcome.notes);
  const bool shapes = shapes_good(check.shapes, goals, outcome.notes);
  outcome.good = layers_good(check.layers, goals, outcome.notes) && shapes;
  return outcome;
}

}  // namespace mobasim
