// A chart of lines, marks, interval bands and a legend, drawn as SVG. It knows nothing of losses; loss_chart.h says
// what stands in the chart of a study, fit_charts.h what in the report of a fit.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/chart/axis.h"

namespace mobasim::cli {

struct ChartLine {
  std::string id;  // of the SVG element: letters, digits, '-'
  std::string colour;
  double width = 1.2;
  bool dashed = false;
  double dash_offset = 0;                         // so that the dashes of coinciding lines alternate
  std::vector<std::pair<double, double>> points;  // in the order of x
};

struct ChartBand {
  std::string id;
  std::string colour;
  struct Row {
    double x = 0, lo = 0, hi = 0;
  };
  std::vector<Row> rows;
};

struct ChartMarks {
  std::string id;
  std::string colour;
  bool open = false;  // else filled
  std::vector<std::pair<double, double>> points;
};

// One entry has one sample: a mark, a line, or several short ones beside each other where it stands for several shades.
struct LegendEntry {
  std::string label;
  std::vector<std::string> colours;
  bool dashed = false;
  enum class Sample { line, mark, open_mark } sample = Sample::line;
};

struct Chart {
  std::string title;        // above the plot; may be empty
  std::string description;  // for screen readers
  ChartAxis x, y;
  std::vector<ChartBand> bands;   // drawn first
  std::vector<ChartLine> lines;   // drawn in order, dashed ones over a white halo
  std::vector<ChartMarks> marks;  // drawn last
  std::vector<LegendEntry> legend;
  std::optional<double> data_end;  // the x beyond which lines are extrapolated: marked by a thin rule
  std::string data_words = "data of both", beyond_words = "extrapolated";  // on either side of it
  double height = 570;
  std::string id_prefix;  // of every element's id, so that several charts can stand in one page
};

[[nodiscard]] std::string svg_of(const Chart& chart);

// `shade` of `count` shades of a colour "#rrggbb", from light (0) to the full colour or darker (count - 1).
[[nodiscard]] std::string shade_of(const std::string& colour, std::size_t shade, std::size_t count);

}  // namespace mobasim::cli
