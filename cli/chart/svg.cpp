#include "cli/chart/svg.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

namespace mobasim::cli {
namespace {

std::string attribute_text(const SvgAttributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes) text += fmt::format(" {}=\"{}\"", name, svg_escaped(value));
  return text;
}

std::string points_text(const std::vector<SvgPoint>& points) {
  std::string text;
  for (const SvgPoint& point : points) {
    if (!text.empty()) text += ' ';
    text += svg_number(point.x) + ',' + svg_number(point.y);
  }
  return text;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string svg_number(double value) {
  const double rounded = std::round(value * 100) / 100;
  std::string text = fmt::format("{:.2f}", rounded == 0 ? 0.0 : rounded);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string svg_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        // XML 1.0 has no control characters but tab, line feed and carriage return.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r') escaped += c;
    }
  }
  return escaped;
}

std::string svg_power_text(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool times = text[i] == 'x' && i > 0 && is_digit(text[i - 1]) && text.substr(i + 1, 3) == "10^";
    if (times) {
      result += "\u00d7";
    } else if (text[i] == '^') {
      std::size_t end = i + 1;
      while (end < text.size() && (is_digit(text[end]) || text[end] == '-')) ++end;
      std::string exponent(text.substr(i + 1, end - i - 1));
      if (!exponent.empty() && exponent.front() == '-') exponent.replace(0, 1, "\u2212");
      result += fmt::format("<tspan dy=\"-0.55em\" font-size=\"70%\">{}</tspan>", exponent);
      i = end - 1;
    } else {
      result += svg_escaped(text.substr(i, 1));
    }
  }
  return result;
}

Svg::Svg(double width, double height, std::string_view title, std::string_view description) {
  text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  open("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
               {"width", svg_number(width)},
               {"height", svg_number(height)},
               {"viewBox", fmt::format("0 0 {} {}", svg_number(width), svg_number(height))},
               {"font-family", "DejaVu Sans, Verdana, Arial, sans-serif"},
               {"role", "img"}});
  element("title", {}, svg_escaped(title), false);
  if (!description.empty()) element("desc", {}, svg_escaped(description), false);
  rectangle({0, 0}, width, height, {{"fill", "#ffffff"}});
}

void Svg::element(std::string_view name, const SvgAttributes& attributes, std::string_view content, bool empty) {
  text_ += std::string(2 * open_.size(), ' ');
  text_ += fmt::format("<{}{}", name, attribute_text(attributes));
  text_ += empty ? std::string("/>\n") : fmt::format(">{}</{}>\n", content, name);
}

void Svg::open(std::string_view name, const SvgAttributes& attributes) {
  text_ += std::string(2 * open_.size(), ' ');
  text_ += fmt::format("<{}{}>\n", name, attribute_text(attributes));
  open_.emplace_back(name);
}

void Svg::close() {
  const std::string name = open_.back();
  open_.pop_back();
  text_ += std::string(2 * open_.size(), ' ') + "</" + name + ">\n";
}

void Svg::rectangle(SvgPoint corner, double width, double height, const SvgAttributes& attributes) {
  SvgAttributes all = {{"x", svg_number(corner.x)},
                       {"y", svg_number(corner.y)},
                       {"width", svg_number(width)},
                       {"height", svg_number(height)}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  element("rect", all, "", true);
}

void Svg::line(SvgPoint from, SvgPoint to, const SvgAttributes& attributes) {
  SvgAttributes all = {
      {"x1", svg_number(from.x)}, {"y1", svg_number(from.y)}, {"x2", svg_number(to.x)}, {"y2", svg_number(to.y)}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  element("line", all, "", true);
}

void Svg::polyline(const std::vector<SvgPoint>& points, const SvgAttributes& attributes) {
  SvgAttributes all = attributes;
  all.emplace_back("fill", "none");
  all.emplace_back("points", points_text(points));
  element("polyline", all, "", true);
}

void Svg::polygon(const std::vector<SvgPoint>& points, const SvgAttributes& attributes) {
  SvgAttributes all = attributes;
  all.emplace_back("points", points_text(points));
  element("polygon", all, "", true);
}

void Svg::circle(SvgPoint centre, double radius, const SvgAttributes& attributes) {
  SvgAttributes all = {{"cx", svg_number(centre.x)}, {"cy", svg_number(centre.y)}, {"r", svg_number(radius)}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  element("circle", all, "", true);
}

void Svg::text_element(SvgPoint at, std::string_view content, const SvgAttributes& attributes) {
  SvgAttributes all = {{"x", svg_number(at.x)}, {"y", svg_number(at.y)}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  element("text", all, content, false);
}

void Svg::text(SvgPoint at, std::string_view words, const SvgAttributes& attributes) {
  text_element(at, svg_escaped(words), attributes);
}

void Svg::power_text(SvgPoint at, std::string_view words, const SvgAttributes& attributes) {
  text_element(at, svg_power_text(words), attributes);
}

void Svg::clip_rectangle(std::string_view id, SvgPoint corner, double width, double height) {
  open("clipPath", {{"id", std::string(id)}});
  rectangle(corner, width, height, {});
  close();
}

std::string Svg::document() {
  while (!open_.empty()) close();
  return text_;
}

}  // namespace mobasim::cli
