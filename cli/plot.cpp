// mobasim plot: draws the chart of a projection again from its CSV files and chart.yaml.
#include <fmt/format.h>

#include <memory>

#include "cli/chart/loss_chart.h"
#include "cli/command.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

namespace mobasim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<fs::path> projections;
  fs::path output;
};

constexpr const char* kDescription = R"(Draw the chart of a projection again, after editing its chart.yaml.

Examples:
  mobasim plot out                    draws out/loss-vs-compute.svg (and .png) again
  mobasim plot out -o figure.svg      the same, elsewhere
  mobasim plot out/projection.csv     the folder of this file)";

int plot(const Options& options) {
  if (!options.output.empty() && options.projections.size() > 1) {
    throw ConfigError("-o names one file, and there are several projections: plot them one by one");
  }
  if (!options.output.empty() && options.output.extension() != ".svg") {
    throw ConfigError(
        fmt::format("-o {}: the chart is an SVG file; give a name that ends in .svg (a PNG is written "
                    "beside it)",
                    options.output.string()));
  }
  for (const fs::path& given : options.projections) {
    const fs::path folder = fs::is_directory(given) ? given : given.parent_path();
    const fs::path projection = fs::is_directory(given) ? given / kProjectionFile : given;
    const CsvTable rows = CsvTable::read(projection);
    const CsvTable curves = CsvTable::read(folder / kCurvesFile);
    const Chart chart = loss_chart(chart_settings_from(folder / kChartSettingsFile), curves, rows);
    const fs::path output = options.output.empty() ? folder / kChartFile : options.output;
    if (!output.parent_path().empty()) make_directories(output.parent_path());
    write_chart(chart, output);
    tell("written: " + output.string());
  }
  return 0;
}

}  // namespace

void add_plot(Command program) {
  auto options = std::make_shared<Options>();
  Command command = program.command("plot", kDescription);
  command.option("PROJECTION", options->projections, "folders that project wrote, or their projection.csv").required();
  command.option("-o,--output", options->output, "the SVG file to write, instead of the one in the folder");
  command.action([options] { return plot(*options); });
}

}  // namespace mobasim::cli
