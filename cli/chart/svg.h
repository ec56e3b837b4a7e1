// A small writer of SVG 1.1: what the charts are drawn with. It closes what it opens, escapes what it writes and
// prints numbers the same way everywhere, so that the same chart is the same bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobasim::cli {

struct SvgPoint {
  double x = 0, y = 0;  // user units, y downwards
};

using SvgAttributes = std::vector<std::pair<std::string_view, std::string>>;

// A coordinate: at most two decimals, no trailing zeros, never "-0".
[[nodiscard]] std::string svg_number(double value);
[[nodiscard]] std::string svg_escaped(std::string_view text);
// "2x10^-1" as tspans: 'x' between a digit and "10^" becomes a multiplication sign, "^-1" is raised.
[[nodiscard]] std::string svg_power_text(std::string_view text);

class Svg {
 public:
  Svg(double width, double height, std::string_view title, std::string_view description);

  void open(std::string_view element, const SvgAttributes& attributes);
  void close();
  void rectangle(SvgPoint corner, double width, double height, const SvgAttributes& attributes);
  void line(SvgPoint from, SvgPoint to, const SvgAttributes& attributes);
  void polyline(const std::vector<SvgPoint>& points, const SvgAttributes& attributes);
  void polygon(const std::vector<SvgPoint>& points, const SvgAttributes& attributes);
  void circle(SvgPoint centre, double radius, const SvgAttributes& attributes);
  void text(SvgPoint at, std::string_view words, const SvgAttributes& attributes);
  void power_text(SvgPoint at, std::string_view words, const SvgAttributes& attributes);
  // A clip path of the given id, to be named by clip-path="url(#id)".
  void clip_rectangle(std::string_view id, SvgPoint corner, double width, double height);

  // Closes what is open and returns the document.
  [[nodiscard]] std::string document();

 private:
  void element(std::string_view name, const SvgAttributes& attributes, std::string_view content, bool empty);
  void text_element(SvgPoint at, std::string_view content, const SvgAttributes& attributes);
  std::string text_;
  std::vector<std::string> open_;
};

}  // namespace mobasim::cli
