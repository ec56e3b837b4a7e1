// mobasim project: the laws of a study, their projection on the axis of one's choice, and the chart.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/chart/loss_chart.h"
#include "cli/command.h"
#include "fit/study/study_result.h"
#include "mobasim_version.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

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
struct Files {
  std::vector<std::pair<std::string, std::string>> contents;  // by their names
  Chart chart;
};

std::string csv(const Table& table) { return rendered(table, TableFormat::csv); }

Files files_of(const Study& study, const StudyResult& result) {
  const LossChartSettings settings = chart_settings(study, result.projection);
  const std::string curves = csv(result.curves), points = csv(result.points);
  Files files;
  files.chart =
      loss_chart(settings, CsvTable::from_text(curves, kCurvesFile), CsvTable::from_text(points, kProjectionFile));
  files.contents = {{"laws.csv", csv(result.laws)},
                    {kCurvesFile, curves},
                    {kProjectionFile, points},
                    {"sizes.csv", csv(result.sizes)},
                    {kChartSettingsFile, yaml_of(settings)},
                    {"summary.txt", result.summary}};
  if (result.spread) files.contents.emplace_back("spread.csv", csv(*result.spread));
  return files;
}

std::vector<std::string> command_of(const Options& options) {
  std::vector<std::string> words = {"mobasim", "project",   options.study, "-o", options.folder.string(),
                                    "--axis",  options.axis};
  if (!options.device.empty()) words.insert(words.end(), {"--device", options.device});
  if (!options.price.empty()) words.insert(words.end(), {"--price", options.price});
  return words;
}

// What an earlier projection on another axis left and this one does not write would be taken for this one's.
void remove_stale(const fs::path& folder, const Files& files) {
  for (const char* name : {"spread.csv", "loss-vs-compute.png"}) {
    const bool written = std::ranges::any_of(files.contents, [&](const auto& file) { return file.first == name; });
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
  for (const std::string& note : notes_on(data)) tell(note);
  const StudyResult result = study_result(study, data, costs);
  Files files = files_of(study, result);
  const fs::path device_file = device ? *device : study.run ? study.run->device : fs::path();
  Provenance provenance = provenance_of(study, costs, device_file);
  provenance.version = kVersion;
  provenance.commit = kCommit;
  provenance.command = command_of(options);
  files.contents.emplace_back("provenance.json", json_of(provenance));
  terminal_progress().check();
  make_directories(options.folder);
  remove_stale(options.folder, files);
  for (const auto& [name, content] : files.contents) write_file(options.folder / name, content);
  write_chart(files.chart, options.folder / kChartFile);
  std::fputs(result.summary.c_str(), stderr);
  std::fputs(fmt::format("Written to {}\n", options.folder.string()).c_str(), stderr);
  print(csv(result.laws));
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
