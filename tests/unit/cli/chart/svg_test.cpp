#include "cli/chart/svg.h"

#include "tests/catch.h"

namespace mobasim::tests::svg_test {
using namespace cli;

TEST_CASE("a coordinate has at most two decimals and no waste") {
  CHECK(svg_number(1) == "1");
  CHECK(svg_number(0.5) == "0.5");
  CHECK(svg_number(-0.001) == "0");
  CHECK(svg_number(123.456) == "123.46");
  CHECK(svg_number(100) == "100");
}

TEST_CASE("text is escaped, and characters that XML does not know are left out") {
  CHECK(svg_escaped("a < b & \"c\" > d") == "a &lt; b &amp; &quot;c&quot; &gt; d");
  CHECK(svg_escaped(std::string_view("a\0b\x1bz", 5)) == "abz");
}

TEST_CASE("powers are raised, and 2x10^0 gets a multiplication sign") {
  CHECK(svg_power_text("10^0") == "10<tspan dy=\"-0.55em\" font-size=\"70%\">0</tspan>");
  CHECK(svg_power_text("2x10^-1") == "2\u00d710<tspan dy=\"-0.55em\" font-size=\"70%\">\u22121</tspan>");
  CHECK(svg_power_text("max") == "max");
}

TEST_CASE("a document closes what it opened") {
  Svg svg(10, 20, "a & b", "");
  svg.open("g", {{"id", "x\"y"}});
  svg.line({0, 0}, {1, 2.5}, {{"stroke", "red"}});
  const std::string text = svg.document();
  CHECK(text.find("<title>a &amp; b</title>") != std::string::npos);
  CHECK(text.find("<g id=\"x&quot;y\">") != std::string::npos);
  CHECK(text.find("<line x1=\"0\" y1=\"0\" x2=\"1\" y2=\"2.5\" stroke=\"red\"/>") != std::string::npos);
  CHECK(text.find("</g>\n</svg>\n") != std::string::npos);
}

}  // namespace mobasim::tests::svg_test
