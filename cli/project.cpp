// mobasim project: the laws of a study, their projection on the axis of one's choice, and the chart.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/chart/loss_chart.h"
#include "cli/command.h"
#include "cli/provenance.h"
#include "fit/study/verdict.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string study;
  fs::path folder;
  std::string axis = "6nd";
  std::string device;  // name or file
  std::string price;
};

constexpr const char* kDescription = R"(Which attention gives the lower loss for the same compute, hours or money.

Examples:
  mobasim project moba-trailing-32k -o out
  mobasim project moba-trailing-32k -o out --axis gpu_hours --device h100-sxm
  mobasim project my-study.yaml -o out --axis dollars --price '2.50 $/h'

Writes laws.csv, curves.csv, projection.csv, sizes.csv, spread.csv (gpu_hours and dollars), loss-vs-compute.svg (and
.png where rsvg-convert is installed), chart.yaml, summary.txt and provenance.json into DIR; prints the laws.)";

// Everything that project writes, complete in memory before the first file is touched.
struct Result {
  std::vector<std::pair<std::string, std::string>> files;
  Chart chart;
  std::string laws, summary;
};

std::string csv(const Table& table) { return rendered(table, TableFormat::csv); }

Result result_of(const Study& study, const StudyData& data, const CostBasis& costs) {
  const Projection projection = projection_of(study, data, costs);
  const Projection on_6nd =
      costs.axis == Axis::six_nd ? projection : projection_of(study, data, cost_basis(study, Axis::six_nd));
  const std::vector<TradeOff> sizes = trade_offs(study, projection, on_6nd);
  const std::vector<SpreadRow> spread = spread_of(study, data, projection);
  const LossChartSettings settings = chart_settings(study, projection);
  Result result;
  result.laws = csv(laws_table(projection));
  result.summary = verdict(study, projection, sizes, spread);
  const std::string curves = csv(curves_table(projection, study)), rows = csv(projection_table(projection));
  result.chart =
      loss_chart(settings, CsvTable::from_text(curves, kCurvesFile), CsvTable::from_text(rows, kProjectionFile));
  result.files = {{"laws.csv", result.laws},
                  {kCurvesFile, curves},
                  {kProjectionFile, rows},
                  {"sizes.csv", csv(trade_off_table(projection, study.data_basis, sizes))},
                  {kChartSettingsFile, yaml_of(settings)},
                  {"summary.txt", result.summary}};
  if (!spread.empty()) result.files.emplace_back("spread.csv", csv(spread_table(projection, spread)));
  return result;
}

Provenance provenance_of(const Options& options, const Study& study, const CostBasis& costs, const fs::path& device) {
  Provenance provenance;
  provenance.command = {"mobasim", "project", options.study, "-o", options.folder.string(), "--axis", options.axis};
  provenance.inputs = {study.file, study.data};
  for (const StudyModel& model : study.models) provenance.inputs.push_back(model.file);
  provenance.facts = {
      {"study", study.name}, {"source", study.source}, {"axis", options.axis}, {"points", study.points_text}};
  if (!options.device.empty()) provenance.command.insert(provenance.command.end(), {"--device", options.device});
  if (!options.price.empty()) provenance.command.insert(provenance.command.end(), {"--price", options.price});
  if (costs.device) {
    provenance.inputs.push_back(device);
    if (!costs.device->profile_file.empty()) provenance.inputs.push_back(costs.device->profile_file);
    provenance.facts.emplace_back("device", costs.device->name);
  }
  if (costs.price) {
    provenance.facts.emplace_back("price", fmt::format("{} $/h", shortest(costs.price->value() * kHour.value())));
    provenance.facts.emplace_back("price_source", costs.price_source);
  }
  return provenance;
}

// What an earlier projection on another axis left and this one does not write would be taken for this one's.
void remove_stale(const fs::path& folder, const Result& result) {
  for (const char* name : {"spread.csv", "loss-vs-compute.png"}) {
    const bool written =
        std::any_of(result.files.begin(), result.files.end(), [&](const auto& file) { return file.first == name; });
    std::error_code none;
    if (!written) fs::remove(folder / name, none);
  }
}

int project(const Options& options) {
  const Axis axis = axis_named(options.axis);
  const std::optional<DollarRate> price = price_of_flag(options.price);
  if (price && !(*price > DollarRate(0)))
    throw ConfigError("--price: 0 $ leaves nothing to draw on an axis of dollars");
  if (price && axis != Axis::dollars) tell("--price has no effect on axis " + options.axis);
  const Study study = study_from(config_file("studies", options.study), config_folder());
  std::optional<fs::path> device;
  if (!options.device.empty()) device = config_file("devices", options.device);
  const CostBasis costs = cost_basis(study, axis, device, price);
  if (device && !costs.device) tell("--device has no effect on axis " + options.axis);
  const StudyData data = data_of(study);
  if (data.dropped_empty > 0) tell(fmt::format("{} rows without a loss were left out", data.dropped_empty));
  if (data.ignored > 0)
    tell(fmt::format("{} rows of sizes or arms that the study does not name were left out", data.ignored));
  Result result = result_of(study, data, costs);
  const fs::path device_file = device ? *device : study.run ? study.run->device : fs::path();
  result.files.emplace_back("provenance.json", json_of(provenance_of(options, study, costs, device_file)));
  terminal_progress().check();
  make_directories(options.folder);
  remove_stale(options.folder, result);
  for (const auto& [name, content] : result.files) write_file(options.folder / name, content);
  write_chart(result.chart, options.folder / kChartFile);
  std::fputs(result.summary.c_str(), stderr);
  std::fputs(fmt::format("Written to {}\n", options.folder.string()).c_str(), stderr);
  if (std::fputs(result.laws.c_str(), stdout) < 0 || std::fflush(stdout) != 0) throw_system_error("write to stdout");
  return 0;
}

}  // namespace

void add_project(Command program) {
  auto options = std::make_shared<Options>();
  Command command = program.command("project", kDescription);
  command.option("STUDY", options->study, "a study in configs/studies, or a YAML file").required();
  command.option("-o,--output", options->folder, "the folder to write to; made if it is not there").required();
  command.option("--axis", options->axis, "6nd, model_flops, gpu_hours or dollars: what either arm spends")
      .default_in_help();
  command.option("--device", options->device, "a device in configs/devices, or a YAML file; replaces the study's");
  command.option("--price", options->price, "per device: '2.50 $/h'; replaces the study's and the device's");
  command.action([options] { return project(*options); });
}

}  // namespace mobasim::cli
