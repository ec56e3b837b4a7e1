#include "cli/chart/loss_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/chart/png.h"
#include "cli/command.h"
#include "sim/base/config.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

double positive(const CsvTable& table, std::size_t row, std::size_t column) {
  const double value = table.number(row, column);
  if (!(value > 0)) {
    throw ConfigError(table.where(row, column),
                      fmt::format("{} must be positive for a logarithmic axis", table.columns()[column]));
  }
  return value;
}

// In single quotes, as YAML has it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result + "'";
}

std::string list_of(const std::vector<double>& values) {
  std::vector<std::string> words;
  for (const double value : values) words.push_back(shortest(value));
  return "[" + joined(words) + "]";
}

ChartAxis axis_from(ConfigMap root, const std::string& name) {
  ChartAxis axis;
  axis.label = root.text(name + "_label");
  const std::vector<double> range = root.numbers(name);
  if (range.size() == 2 && range[0] > 0 && range[1] > range[0]) {
    axis.from = range[0];
    axis.to = range[1];
  } else {
    root.problem(name, "must be two numbers [from, to] with 0 < from < to");
  }
  if (root.has(name + "_ticks")) axis.ticks = root.numbers(name + "_ticks");
  return axis;
}

std::string id_of(const std::string& text) {
  std::string id;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    id += plain ? c : '-';
  }
  return id;
}

void add_curves(Chart& chart, const LossChartSettings& settings, const CsvTable& curves) {
  const std::size_t model = curves.column("model"), attention = curves.column("attention"), x = curves.column("x"),
                    loss = curves.column("loss");
  std::map<std::pair<std::string, std::string>, std::vector<std::pair<double, double>>> points;
  for (std::size_t row = 0; row < curves.rows(); ++row) {
    auto& line = points[{std::string(curves.text(row, model)), std::string(curves.text(row, attention))}];
    line.emplace_back(positive(curves, row, x), positive(curves, row, loss));
  }
  const std::size_t count = settings.models.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (const ChartArm& arm : settings.arms) {
      const auto found = points.find({settings.models[i], arm.name});
      if (found == points.end()) continue;
      chart.lines.push_back({id_of("curve-" + arm.name + "-" + settings.models[i]),
                             shade_of(arm.curve_colour, i, count), 1.3, false, 0, found->second});
    }
  }
}

void add_laws(Chart& chart, const LossChartSettings& settings, const CsvTable& projection) {
  const std::size_t x = projection.column("x");
  double offset = 0;
  for (const ChartArm& arm : settings.arms) {
    const std::size_t loss = projection.column("loss_" + arm.name), lo = projection.column("loss_" + arm.name + "_lo"),
                      hi = projection.column("loss_" + arm.name + "_hi");
    ChartLine line{id_of("projection-" + arm.name), arm.colour, 2.2, true, offset, {}};
    offset += 7;
    ChartBand band{id_of("interval-" + arm.name), arm.colour, {}};
    for (std::size_t row = 0; row < projection.rows(); ++row) {
      const double at = positive(projection, row, x);
      line.points.emplace_back(at, positive(projection, row, loss));
      band.rows.push_back({at, positive(projection, row, lo), positive(projection, row, hi)});
    }
    chart.lines.push_back(std::move(line));
    chart.bands.push_back(std::move(band));
  }
}

// The largest x that entered the fits of both arms.
std::optional<double> data_end(const LossChartSettings& settings, const CsvTable& curves) {
  const std::size_t attention = curves.column("attention"), x = curves.column("x"), in_fit = curves.column("in_fit");
  std::optional<double> end;
  for (const ChartArm& arm : settings.arms) {
    double last = 0;
    for (std::size_t row = 0; row < curves.rows(); ++row) {
      if (curves.text(row, attention) != arm.name || curves.text(row, in_fit) != "true") continue;
      last = std::max(last, positive(curves, row, x));
    }
    if (last > 0) end = end ? std::min(*end, last) : last;
  }
  return end;
}

void add_legend(Chart& chart, const LossChartSettings& settings) {
  for (const ChartArm& arm : settings.arms) chart.legend.push_back({arm.label + " Projection", {arm.colour}, true});
  const std::size_t count = settings.models.size();
  for (const ChartArm& arm : settings.arms) {
    LegendEntry entry{arm.label, {}, false};
    if (count > 1) entry.label += fmt::format(", {} to {}", settings.models.front(), settings.models.back());
    for (std::size_t i = 0; i < count; ++i) entry.colours.push_back(shade_of(arm.curve_colour, i, count));
    chart.legend.push_back(std::move(entry));
  }
}

}  // namespace

LossChartSettings chart_settings(const Study& study, const Projection& projection) {
  LossChartSettings settings;
  settings.title = study.chart.title;
  settings.x = {label_of(projection.costs, study), projection.grid.front(), projection.grid.back(), {}};
  settings.y = {study.chart.y_label, study.chart.y_from, study.chart.y_to, study.chart.y_ticks};
  if (projection.costs.axis != Axis::six_nd) {  // the study's range is that of its own axis
    for (const ArmProjection* arm : {&projection.treatment, &projection.baseline}) {
      settings.y.from = std::min(settings.y.from, 0.97 * loss_at(arm->law, projection.grid.back()));
    }
  }
  for (const StudyArm* arm : {&study.treatment, &study.baseline}) {
    settings.arms.push_back({arm->name, arm->label, arm->colour, arm->curve_colour});
  }
  for (const StudyModel& model : study.models) settings.models.push_back(model.value);
  return settings;
}

std::string yaml_of(const LossChartSettings& settings) {
  std::string text = "# How the chart beside this file is drawn; edit it and run: mobasim plot DIR\n";
  text += "title: " + quoted(settings.title) + "\n";
  for (const auto& [name, axis] : {std::pair{"x", &settings.x}, std::pair{"y", &settings.y}}) {
    text += fmt::format("{}_label: {}\n{}: {}\n", name, quoted(axis->label), name, list_of({axis->from, axis->to}));
    if (!axis->ticks.empty()) text += fmt::format("{}_ticks: {}\n", name, list_of(axis->ticks));
  }
  text += "arms:\n";
  for (const ChartArm& arm : settings.arms) {
    text += fmt::format("  - {{name: {}, label: {}, colour: {}, curve_colour: {}}}\n", quoted(arm.name),
                        quoted(arm.label), quoted(arm.colour), quoted(arm.curve_colour));
  }
  std::vector<std::string> models;
  for (const std::string& model : settings.models) models.push_back(quoted(model));
  return text + "models: [" + joined(models) + "]\n";
}

LossChartSettings chart_settings_from(const std::filesystem::path& file) {
  ConfigFile config = ConfigFile::read(file);
  ConfigMap root = config.root();
  LossChartSettings settings;
  settings.title = root.text_or("title", "");
  settings.x = axis_from(root, "x");
  settings.y = axis_from(root, "y");
  for (ConfigMap map : root.maps("arms")) {
    ChartArm arm{map.text("name"), map.text("label"), map.text("colour"), map.text("curve_colour")};
    for (const char* key : {"colour", "curve_colour"}) {
      const std::string& colour = std::string_view(key) == "colour" ? arm.colour : arm.curve_colour;
      if (!is_colour(colour)) map.problem(key, fmt::format("'{}' is no colour; write '#rrggbb', with quotes", colour));
    }
    settings.arms.push_back(std::move(arm));
  }
  settings.models = root.texts("models");
  config.finish();
  return settings;
}

Chart loss_chart(const LossChartSettings& settings, const CsvTable& curves, const CsvTable& projection) {
  Chart chart;
  chart.title = settings.title;
  chart.x = settings.x;
  chart.y = settings.y;
  chart.description = fmt::format("{} against {}, logarithmic axes: training curves (solid) and fitted laws (dashed)",
                                  settings.y.label, settings.x.label);
  add_curves(chart, settings, curves);
  add_laws(chart, settings, projection);
  add_legend(chart, settings);
  chart.data_end = data_end(settings, curves);
  return chart;
}

void write_chart(const Chart& chart, const std::filesystem::path& svg_file) {
  write_file(svg_file, svg_of(chart));
  std::filesystem::path png_file = svg_file;
  png_file.replace_extension(".png");
  if (!write_png(svg_file, png_file)) {
    tell(fmt::format("no PNG: rsvg-convert is not on the PATH (Debian: apt install librsvg2-bin); {} is complete",
                     svg_file.string()));
  }
}

}  // namespace mobasim::cli
