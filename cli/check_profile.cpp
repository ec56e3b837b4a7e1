// mobasim check-profile: how well a device's measured table predicts what is left out of it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "cli/command.h"
#include "sim/base/error.h"
#include "sim/device/leave_one_out.h"
#include "sim/layer_check.h"

namespace mobasim::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  mobasim check-profile out/cpu-local.yaml --format table
  mobasim check-profile out/cpu-local.yaml --max-median 0.03 --max-p90 0.08 --max-layer 0.1    exit code 1 above any

Every shape of the table is left out in turn and predicted from the others, as `mobasim plan` would. error = predicted /
measured - 1. Shapes with measured neighbours on all sides are inner ones; those at an end are extrapolated and do not
count for --max-median and --max-p90. A layer that was measured as a whole stands beside what a plan makes of it from the
other rows, forward, backward and both together. The summary goes to stderr.)";

struct Options {
  std::string device;
  std::optional<double> max_median, max_p90, max_layer;
  Output output;
};

Table table_of(const std::vector<ShapeLeftOut>& all) {
  Table table{{"operation", "mechanism", "implementation", "pass",        "dtype",  "sequence", "batch", "heads",
               "kv_heads",  "head_dim",  "block",          "top_k",       "window", "m",        "n",     "k",
               "hidden",    "ffn",       "measured_s",     "predicted_s", "error",  "basis",    "note"},
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
    cells.emplace_back(one.note);
    table.rows.push_back(std::move(cells));
  }
  return table;
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

int check_profile(const Options& options) {
  const DeviceProfile device = device_from(config_file("devices", options.device));
  std::vector<ShapeLeftOut> all = shapes_left_out(device);
  if (all.empty()) {
    throw ConfigError(
        fmt::format("device {} has no measured rows to leave out; `mobasim bench` measures them", device.name));
  }
  const InterpolationErrors inner = inner_errors(all);
  const std::vector<ShapeLeftOut> layers = layers_foretold(device);
  std::ranges::copy(layers, std::back_inserter(all));
  print(table_of(all), options.output);
  fmt::print(stderr, "{}", summary_of(all));
  bool good = true;
  if (inner.shapes == 0) {
    tell("no shape has measured neighbours on all sides");
    good = !options.max_median && !options.max_p90;
  } else {
    good = met("median of the inner shapes", inner.median, options.max_median);
    good = met("90th percentile of the inner shapes", inner.p90, options.max_p90) && good;
  }
  const std::optional<double> layer = greatest_layer_error(layers);
  if (layer) return met("greatest of the layers, both passes", *layer, options.max_layer) && good ? 0 : 1;
  if (options.max_layer) tell("no layer was measured");
  return good && !options.max_layer ? 0 : 1;
}

}  // namespace

void add_check_profile(CLI::App& program, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App& command = *program.add_subcommand("check-profile", "How well a device's measured table interpolates");
  command.footer(kFooter);
  command.add_option("device", options->device, "a name in configs/devices, or a file")->required();
  command
      .add_option("--max-median", options->max_median, "a fraction: exit code 1 where the median of |error| is above")
      ->check(CLI::PositiveNumber);
  command.add_option("--max-p90", options->max_p90, "likewise for its 90th percentile")->check(CLI::PositiveNumber);
  command.add_option("--max-layer", options->max_layer, "likewise for the greatest |error| of a layer, both passes")
      ->check(CLI::PositiveNumber);
  add_output_options(command, options->output);
  command.callback([options, &chosen] { chosen = [options] { return check_profile(*options); }; });
}

}  // namespace mobasim::cli
