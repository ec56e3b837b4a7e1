// The chart of a study: training curves and laws of both arms, from the CSV files that `project` writes. `project` and
// `plot` draw with the same code, so a chart can be restyled without computing anything again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/chart/chart.h"
#include "fit/study/projection.h"
#include "sim/base/csv.h"

namespace mobasim::cli {

struct ChartArm {
  std::string name, label, colour, curve_colour;
};

// What chart.yaml says: everything about the chart that the CSV files do not.
struct LossChartSettings {
  std::string title;
  ChartAxis x, y;
  std::vector<ChartArm> arms;       // treatment, baseline
  std::vector<std::string> models;  // from small to large
};

[[nodiscard]] LossChartSettings chart_settings(const Study& study, const Projection& projection);
[[nodiscard]] std::string yaml_of(const LossChartSettings& settings);
[[nodiscard]] LossChartSettings chart_settings_from(const std::filesystem::path& file);  // throws ConfigError

// Throws ConfigError for tables that lack a column or hold what is no positive number.
[[nodiscard]] Chart loss_chart(const LossChartSettings& settings, const CsvTable& curves, const CsvTable& projection);

// Writes FILE.svg, and FILE.png beside it when rsvg-convert is on the PATH; says on stderr when it is not.
void write_chart(const Chart& chart, const std::filesystem::path& svg_file);

inline constexpr const char* kChartFile = "loss-vs-compute.svg";
inline constexpr const char* kChartSettingsFile = "chart.yaml";
inline constexpr const char* kCurvesFile = "curves.csv";
inline constexpr const char* kProjectionFile = "projection.csv";

}  // namespace mobasim::cli
