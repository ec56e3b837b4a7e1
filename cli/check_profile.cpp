// mobasim check-profile: how well a device's measured table predicts what is left out of it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/command.h"
#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/check/layer_check.h"
#include "sim/check/leave_one_out.h"

namespace mobasim::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  mobasim check-profile out/cpu-local.yaml --format table
  mobasim check-profile out/cpu-local.yaml --max-median 0.03 --max-p90 0.08 --max-layer 0.1    exit code 1 above any

Every shape of the table is left out in turn and predicted from the others, as `mobasim plan` would. error = predicted /
measured - 1. Shapes with measured neighbours on all sides are inner ones; those at an end are extrapolated and do not
count for --max-median and --max-p90. A shape that cannot be predicted is told, and fails the checks that it would be
part of. What a disturbed machine measured is listed, and counts nowhere. A layer that was measured as a whole stands
beside what a plan makes of it from the other rows, forward, backward and both together. The summary goes to stderr.)";

struct Options {
  std::string device;
  std::optional<double> max_median, max_p90, max_layer;
  Output output;
};

Table table_of(const std::vector<ShapeLeftOut>& all) {
  Table table{{"operation", "mechanism", "implementation", "pass",        "dtype",  "sequence", "batch",    "heads",
               "kv_heads",  "head_dim",  "block",          "top_k",       "window", "m",        "n",        "k",
               "hidden",    "ffn",       "measured_s",     "predicted_s", "error",  "basis",    "sampling", "note"},
              {}};
  for (const ShapeLeftOut& one : all) {
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

// nan passes every comparison of CLI11's.
std::string problem_of_limit(const std::string& text) {
  const std::optional<double> limit = finite_number(text);
  return limit && *limit > 0 ? "" : fmt::format("'{}' is not a finite number above 0", text);
}

std::string percent(double fraction) { return fmt::format("{:.1f}%", 100 * fraction); }

std::string summary_of(const std::vector<ShapeLeftOut>& all) {
  Table table{{"operation", "mechanism", "pass", "dtype", "where", "shapes", "median", "p90"}, {}};
  for (const InterpolationErrors& one : interpolation_errors(all)) {
    table.rows.push_back({one.operation, one.mechanism, one.pass, one.dtype, std::string(one.inner ? "inner" : "end"),
                          one.shapes, percent(one.median), percent(one.p90)});
  }
  return rendered(table, TableFormat::text);
}

// Whether a goal is met; what to say of it.
bool met(const char* what, double found, const std::optional<double>& most) {
  if (!most) return true;
  tell(fmt::format("{}: {}, {} {}", what, percent(found), found <= *most ? "within" : "above", percent(*most)));
  return found <= *most;
}

std::string described(const ProfileRow& row) {
  if (row.operation == "gemm") return fmt::format("gemm {} {} x {} x {}", row.dtype, row.m, row.n, row.k);
  return fmt::format("{} {} {} {}, sequence {}", row.operation, row.mechanism, row.pass, row.dtype, row.sequence);
}

// Whether every shape of an undisturbed machine was predicted; says which were not.
bool all_predicted(const std::vector<ShapeLeftOut>& shapes, std::string_view what) {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> missing;
  for (const ShapeLeftOut& one : shapes) {
    if (!one.predicted && !disturbed(one.row)) missing.push_back(fmt::format("{} ({})", described(one.row), one.note));
  }
  if (missing.empty()) return true;
  const std::size_t count = missing.size();
  std::string rest;
  if (count > kNamed) rest = fmt::format("; and {} more", count - kNamed), missing.resize(kNamed);
  tell(fmt::format("{} {}{} could not be predicted: {}{}", count, what, count == 1 ? "" : "s", joined(missing, "; "),
                   rest));
  return false;
}

void tell_disturbed(const std::vector<ShapeLeftOut>& all) {
  const auto count = std::ranges::count_if(all, [](const ShapeLeftOut& one) { return disturbed(one.row); });
  if (count == 0) return;
  tell(fmt::format("{} of {} shapes are of a disturbed machine: listed, but not in the summary", count, all.size()));
}

bool shapes_good(const std::vector<ShapeLeftOut>& shapes, const Options& options) {
  const bool gated = options.max_median || options.max_p90;
  const bool complete = all_predicted(shapes, "shape");
  const InterpolationErrors inner = inner_errors(shapes);
  if (inner.shapes == 0) {
    tell("no shape has measured neighbours on all sides");
    return !gated;
  }
  bool good = met("median of the inner shapes", inner.median, options.max_median);
  good = met("90th percentile of the inner shapes", inner.p90, options.max_p90) && good;
  return good && (complete || !gated);
}

bool layers_good(const std::vector<ShapeLeftOut>& layers, const Options& options) {
  const bool complete = all_predicted(layers, "layer");
  const std::optional<double> greatest = greatest_layer_error(layers);
  if (!greatest) {
    if (options.max_layer) tell("no layer was measured undisturbed and predicted");
    return !options.max_layer;
  }
  return met("greatest of the layers, both passes", *greatest, options.max_layer) && (complete || !options.max_layer);
}

int check_profile(const Options& options) {
  const Device device = device_from(config_file("devices", options.device));
  const std::vector<ShapeLeftOut> shapes = shapes_left_out(device);
  if (shapes.empty()) {
    throw ConfigError(
        fmt::format("device {} has no measured rows to leave out; `mobasim bench` measures them", device.name));
  }
  const std::vector<ShapeLeftOut> layers = layers_foretold(device);
  std::vector<ShapeLeftOut> all = shapes;
  std::ranges::copy(layers, std::back_inserter(all));
  print(table_of(all), options.output);
  fmt::print(stderr, "{}", summary_of(all));
  tell_disturbed(all);
  const bool good = shapes_good(shapes, options);
  return layers_good(layers, options) && good ? 0 : 1;
}

}  // namespace

void add_check_profile(Command program) {
  const auto options = std::make_shared<Options>();
  Command command = program.command("check-profile", "How well a device's measured table interpolates");
  command.footer(kFooter);
  command.option("device", options->device, "a name in configs/devices, or a file").required();
  command.option("--max-median", options->max_median, "a fraction: exit code 1 where the median of |error| is above")
      .checked(problem_of_limit);
  command.option("--max-p90", options->max_p90, "likewise for its 90th percentile").checked(problem_of_limit);
  command.option("--max-layer", options->max_layer, "likewise for the greatest |error| of a layer, both passes")
      .checked(problem_of_limit);
  add_output_options(command, options->output);
  command.action([options] { return check_profile(*options); });
}

}  // namespace mobasim::cli
