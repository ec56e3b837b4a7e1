// A chart with two logarithmic axes: lines, interval bands and a legend, drawn as SVG. It knows nothing of losses;
// loss_chart.h says what stands in the chart of a study.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mobasim::cli {

struct ChartAxis {
  std::string label;
  double from = 0.1, to = 10;  // 0 < from < to
  std::vector<double> ticks;   // labelled; empty: the powers of ten in the range, with 2 and 5 where there are few
};

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

// One entry has one sample: a line, or several short ones beside each other where it stands for several shades.
struct LegendEntry {
  std::string label;
  std::vector<std::string> colours;
  bool dashed = false;
};

struct Chart {
  std::string title;        // above the plot; may be empty
  std::string description;  // for screen readers
  ChartAxis x, y;
  std::vector<ChartBand> bands;  // drawn first
  std::vector<ChartLine> lines;  // drawn in order, dashed ones over a white halo
  std::vector<LegendEntry> legend;
  std::optional<double> data_end;  // the x beyond which lines are extrapolated: marked by a thin rule
};

[[nodiscard]] std::string svg_of(const Chart& chart);

// The ticks that are labelled, and the texts of their labels ("10^0", "2x10^0").
[[nodiscard]] std::vector<double> labelled_ticks(const ChartAxis& axis);
[[nodiscard]] std::string tick_label(double value);

// `shade` of `count` shades of a colour "#rrggbb", from light (0) to the full colour or darker (count - 1).
[[nodiscard]] std::string shade_of(const std::string& colour, std::size_t shade, std::size_t count);

}  // namespace mobasim::cli
