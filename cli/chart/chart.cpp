#include "cli/chart/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "cli/chart/svg.h"

namespace mobasim::cli {
namespace {

constexpr double kWidth = 760;
constexpr double kLeft = 92, kRight = 24, kTop = 46, kBottom = 66;
constexpr double kFontSize = 14, kSmallFontSize = 12;
constexpr std::string_view kDashes = "9 5";
constexpr std::string_view kInk = "#222222";
constexpr std::string_view kGrid = "#dddddd";
constexpr std::string_view kFaintGrid = "#f0f0f0";

double plot_right() { return kWidth - kRight; }
double plot_bottom(const Chart& chart) { return chart.height - kBottom; }
double x_of(const Chart& chart, double x) { return position(chart.x, x, kLeft, plot_right()); }
double y_of(const Chart& chart, double y) { return position(chart.y, y, plot_bottom(chart), kTop); }

std::pair<std::string_view, std::string> id_of(const Chart& chart, std::string_view name) {
  return {"id", chart.id_prefix + std::string(name)};
}

// What leaves the plot is cut by the clip path, not here.
std::vector<SvgPoint> on_canvas(const Chart& chart, const std::vector<std::pair<double, double>>& points) {
  std::vector<SvgPoint> canvas;
  for (const auto& [x, y] : points) canvas.push_back({x_of(chart, x), y_of(chart, y)});
  return canvas;
}

void draw_grid(Svg& svg, const Chart& chart) {
  svg.open("g", {id_of(chart, "grid"), {"stroke-width", "1"}});
  const auto rule = [&](double value, bool vertical, std::string_view colour) {
    const double at = vertical ? x_of(chart, value) : y_of(chart, value);
    const SvgPoint from = vertical ? SvgPoint{at, kTop} : SvgPoint{kLeft, at};
    const SvgPoint to = vertical ? SvgPoint{at, plot_bottom(chart)} : SvgPoint{plot_right(), at};
    svg.line(from, to, {{"stroke", std::string(colour)}});
  };
  for (const double value : all_ticks(chart.x)) rule(value, true, kFaintGrid);
  for (const double value : all_ticks(chart.y)) rule(value, false, kFaintGrid);
  for (const double value : labelled_ticks(chart.x)) rule(value, true, kGrid);
  for (const double value : labelled_ticks(chart.y)) rule(value, false, kGrid);
  svg.close();
}

void draw_data_end(Svg& svg, const Chart& chart) {
  if (!chart.data_end || !inside(chart.x, *chart.data_end)) return;
  const double at = x_of(chart, *chart.data_end);
  if (at > plot_right() - 10) return;
  svg.open("g", {id_of(chart, "data-end")});
  svg.line({at, kTop}, {at, plot_bottom(chart)},
           {{"stroke", "#999999"}, {"stroke-width", "1"}, {"stroke-dasharray", "2 3"}});
  svg.text({at + 5, plot_bottom(chart) - 8}, chart.beyond_words + " \u2192",
           {{"font-size", "11"}, {"fill", "#777777"}});
  svg.text({at - 5, plot_bottom(chart) - 8}, "\u2190 " + chart.data_words,
           {{"font-size", "11"}, {"fill", "#777777"}, {"text-anchor", "end"}});
  svg.close();
}

void draw_bands(Svg& svg, const Chart& chart) {
  for (const ChartBand& band : chart.bands) {
    std::vector<SvgPoint> outline;
    for (const auto& row : band.rows) outline.push_back({x_of(chart, row.x), y_of(chart, row.hi)});
    for (auto row = band.rows.rbegin(); row != band.rows.rend(); ++row) {
      outline.push_back({x_of(chart, row->x), y_of(chart, row->lo)});
    }
    svg.polygon(outline, {id_of(chart, band.id), {"fill", band.colour}, {"fill-opacity", "0.13"}, {"stroke", "none"}});
  }
}

SvgAttributes stroke(const std::string& colour, double width, bool dashed) {
  SvgAttributes attributes = {{"stroke", colour}, {"stroke-width", svg_number(width)}, {"stroke-linejoin", "round"}};
  if (dashed) attributes.emplace_back("stroke-dasharray", kDashes);
  return attributes;
}

// White under the dashes, so that they stand out from the curves below them.
void draw_halos(Svg& svg, const Chart& chart) {
  for (const ChartLine& line : chart.lines) {
    if (!line.dashed) continue;
    svg.polyline(on_canvas(chart, line.points), {{"stroke", "#ffffff"},
                                                 {"stroke-width", svg_number(line.width + 1.6)},
                                                 {"stroke-dasharray", std::string(kDashes)},
                                                 {"stroke-dashoffset", svg_number(line.dash_offset)}});
  }
}

void draw_lines(Svg& svg, const Chart& chart) {
  for (const bool dashed : {false, true}) {
    for (const ChartLine& line : chart.lines) {
      if (line.dashed != dashed) continue;
      SvgAttributes attributes = {id_of(chart, line.id)};
      for (auto& attribute : stroke(line.colour, line.width, dashed)) attributes.push_back(attribute);
      if (line.dash_offset > 0) attributes.emplace_back("stroke-dashoffset", svg_number(line.dash_offset));
      svg.polyline(on_canvas(chart, line.points), attributes);
    }
    if (!dashed) draw_halos(svg, chart);
  }
}

void draw_mark(Svg& svg, SvgPoint at, const std::string& colour, bool open) {
  SvgAttributes attributes = {{"fill", open ? "#ffffff" : colour}};
  if (open) {
    attributes.insert(attributes.end(), {{"stroke", colour}, {"stroke-width", "1.8"}});
  } else {
    attributes.emplace_back("fill-opacity", "0.75");
  }
  svg.circle(at, open ? 4.5 : 3.5, attributes);
}

void draw_marks(Svg& svg, const Chart& chart) {
  for (const ChartMarks& marks : chart.marks) {
    svg.open("g", {id_of(chart, marks.id)});
    for (const SvgPoint& at : on_canvas(chart, marks.points)) draw_mark(svg, at, marks.colour, marks.open);
    svg.close();
  }
}

void draw_ticks(Svg& svg, const Chart& chart) {
  svg.open("g", {id_of(chart, "axes"), {"stroke", std::string(kInk)}, {"stroke-width", "1.2"}});
  svg.rectangle({kLeft, kTop}, plot_right() - kLeft, plot_bottom(chart) - kTop, {{"fill", "none"}});
  for (const double value : all_ticks(chart.x)) {
    svg.line({x_of(chart, value), plot_bottom(chart)}, {x_of(chart, value), plot_bottom(chart) + 3}, {});
  }
  for (const double value : all_ticks(chart.y)) {
    svg.line({kLeft - 3, y_of(chart, value)}, {kLeft, y_of(chart, value)}, {});
  }
  for (const double value : labelled_ticks(chart.x)) {
    svg.line({x_of(chart, value), plot_bottom(chart)}, {x_of(chart, value), plot_bottom(chart) + 6}, {});
  }
  for (const double value : labelled_ticks(chart.y)) {
    svg.line({kLeft - 6, y_of(chart, value)}, {kLeft, y_of(chart, value)}, {});
  }
  svg.close();
}

void draw_labels(Svg& svg, const Chart& chart) {
  svg.open("g", {id_of(chart, "labels"), {"fill", std::string(kInk)}, {"font-size", svg_number(kFontSize)}});
  for (const double value : labelled_ticks(chart.x)) {
    svg.power_text({x_of(chart, value), plot_bottom(chart) + 24}, tick_label(chart.x, value),
                   {{"text-anchor", "middle"}});
  }
  for (const double value : labelled_ticks(chart.y)) {
    svg.power_text({kLeft - 11, y_of(chart, value) + 5}, tick_label(chart.y, value), {{"text-anchor", "end"}});
  }
  const double middle_x = (kLeft + plot_right()) / 2, middle_y = (kTop + plot_bottom(chart)) / 2;
  svg.text({middle_x, chart.height - 18}, chart.x.label, {{"text-anchor", "middle"}, {"font-size", "15"}});
  svg.text({24, middle_y}, chart.y.label,
           {{"text-anchor", "middle"},
            {"font-size", "15"},
            {"transform", fmt::format("rotate(-90 24 {})", svg_number(middle_y))}});
  if (!chart.title.empty()) {
    svg.text({middle_x, kTop - 17}, chart.title, {{"text-anchor", "middle"}, {"font-size", "15"}});
  }
  svg.close();
}

// Width of a label in the chart's font, for the legend's frame: DejaVu Sans takes about 0.58 em a character.
double text_width(const std::string& text) {
  const auto characters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return 0.58 * kSmallFontSize * static_cast<double>(characters);
}

void draw_legend(Svg& svg, const Chart& chart) {
  if (chart.legend.empty()) return;
  constexpr double kRow = 20, kSample = 40, kPad = 10;
  double widest = 0;
  for (const LegendEntry& entry : chart.legend) widest = std::max(widest, text_width(entry.label));
  const double width = kPad + kSample + 8 + widest + kPad;
  const double height = kRow * static_cast<double>(chart.legend.size()) + 12;
  const SvgPoint corner{plot_right() - width - 10, kTop + 10};
  svg.open("g", {id_of(chart, "legend"), {"font-size", svg_number(kSmallFontSize)}});
  svg.rectangle(corner, width, height,
                {{"fill", "#ffffff"}, {"fill-opacity", "0.92"}, {"stroke", "#bbbbbb"}, {"rx", "3"}});
  double y = corner.y + 6 + kRow / 2;
  for (const LegendEntry& entry : chart.legend) {
    const bool mark = entry.sample != LegendEntry::Sample::line;
    if (mark) {
      draw_mark(svg, {corner.x + kPad + kSample / 2, y}, entry.colours.front(),
                entry.sample == LegendEntry::Sample::open_mark);
    }
    const double piece = kSample / static_cast<double>(entry.colours.size());
    for (std::size_t i = 0; i < entry.colours.size() && !mark; ++i) {
      const double from = corner.x + kPad + piece * static_cast<double>(i);
      svg.line({from, y}, {from + piece, y}, stroke(entry.colours[i], entry.dashed ? 2.2 : 2.4, entry.dashed));
    }
    svg.text({corner.x + kPad + kSample + 8, y + 4.3}, entry.label, {{"fill", std::string(kInk)}});
    y += kRow;
  }
  svg.close();
}

}  // namespace

std::string shade_of(const std::string& colour, std::size_t shade, std::size_t count) {
  const double t = count < 2 ? 1 : static_cast<double>(shade) / static_cast<double>(count - 1);
  const double white = 0.5 * (1 - t);                    // mixed with this much white,
  const double black = 0.35 * std::max(0.0, 2 * t - 1);  // then the darker half with black
  std::string result = "#";
  for (std::size_t i = 0; i < 3; ++i) {
    const auto channel = static_cast<double>(std::strtol(colour.substr(1 + 2 * i, 2).c_str(), nullptr, 16));
    const double mixed = (channel + (255 - channel) * white) * (1 - black);
    result += fmt::format("{:02x}", static_cast<int>(std::lround(mixed)));
  }
  return result;
}

std::string svg_of(const Chart& chart) {
  Svg svg(kWidth, chart.height, chart.title.empty() ? chart.y.label : chart.title, chart.description);
  svg.clip_rectangle(chart.id_prefix + "plot", {kLeft, kTop}, plot_right() - kLeft, plot_bottom(chart) - kTop);
  draw_grid(svg, chart);
  svg.open("g", {{"clip-path", "url(#" + chart.id_prefix + "plot)"}});
  draw_data_end(svg, chart);
  draw_bands(svg, chart);
  draw_lines(svg, chart);
  draw_marks(svg, chart);
  svg.close();
  draw_ticks(svg, chart);
  draw_labels(svg, chart);
  draw_legend(svg, chart);
  return svg.document();
}

}  // namespace mobasim::cli
