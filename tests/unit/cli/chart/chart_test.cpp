#include "cli/chart/chart.h"

#include <cmath>
#include <regex>

#include "cli/chart/loss_chart.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::chart_test {
using namespace cli;

namespace {

// Every opened element is closed in order, attributes are quoted: enough of XML for what the writer can get wrong.
bool well_formed(const std::string& text) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([A-Za-z]+)((?: [A-Za-z0-9:-]+=\"[^\"<]*\")*)(/?)>");
  std::string rest = text.substr(text.find("?>") + 2);
  for (std::smatch match; std::regex_search(rest, match, tag); rest = match.suffix()) {
    const std::string between = match.prefix();
    if (between.find('<') != std::string::npos || between.find('>') != std::string::npos) return false;
    if (match[1] == "/") {
      if (open.empty() || open.back() != match[2]) return false;
      open.pop_back();
    } else if (match[4] != "/") {
      open.push_back(match[2]);
    }
  }
  return open.empty() && rest.find('<') == std::string::npos;
}

LossChartSettings settings() {
  return {"MoBA <and> full",
          {"PFLOP/s-days", 0.02, 50, {}},
          {"Trailing LM loss (seqlen=32K, last 2K)", 0.95, 4.4, {1, 2, 3, 4}},
          {{"moba", "MoBA", "#1a4fd6", "#2a7fd0"}, {"full", "Full Attention", "#d62222", "#e07a1f"}},
          {"545M", "2.1B"}};
}

CsvTable curves() {
  return CsvTable::from_text(
      "model,attention,x,loss,in_fit\n545M,moba,0.1,3,false\n545M,moba,0.3,1.8,true\n545M,full,0.1,2.9,false\n"
      "545M,full,0.3,1.7,true\n2.1B,moba,1,3,false\n2.1B,moba,5,1.3,true\n2.1B,full,1,3,false\n2.1B,full,5,1.2,true\n",
      "curves.csv");
}

CsvTable projection() {
  return CsvTable::from_text(
      "x,loss_moba,loss_full,loss_moba_lo,loss_moba_hi,loss_full_lo,loss_full_hi\n"
      "0.02,2.4,2.2,2.3,2.5,2.1,2.3\n1,1.5,1.4,1.45,1.55,1.35,1.45\n50,1.01,1.0,0.9,1.1,0.9,1.1\n",
      "projection.csv");
}

std::string chart_text() { return svg_of(loss_chart(settings(), curves(), projection())); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("labels of ticks are powers of ten") {
  CHECK(tick_label(1) == "10^0");
  CHECK(tick_label(0.1) == "10^-1");
  CHECK(tick_label(1000) == "10^3");
  CHECK(tick_label(6) == "6x10^0");
  CHECK(tick_label(0.02) == "2x10^-2");
}

TEST_CASE("ticks are those asked for inside the range, else the powers of ten") {
  CHECK(labelled_ticks({"", 0.95, 4.4, {1, 2, 3, 4, 6}}) == std::vector<double>{1, 2, 3, 4});
  CHECK(labelled_ticks({"", 0.02, 50, {}}) == std::vector<double>{0.1, 1, 10});
  CHECK(labelled_ticks({"", 15, 70, {}}) == std::vector<double>{20, 50});
}

TEST_CASE("shades run from light to dark") {
  const auto brightness = [](const std::string& colour) {
    int sum = 0;
    for (std::size_t i = 1; i < 7; i += 2) sum += std::stoi(colour.substr(i, 2), nullptr, 16);
    return sum;
  };
  for (std::size_t i = 1; i < 5; ++i) {
    CHECK(brightness(shade_of("#2a7fd0", i, 5)) < brightness(shade_of("#2a7fd0", i - 1, 5)));
  }
}

TEST_CASE("the chart is well-formed and carries its labels, ticks, legend and lines") {
  const std::string text = chart_text();
  CHECK(well_formed(text));
  CHECK(contains(text, ">PFLOP/s-days</text>"));
  CHECK(contains(text, ">Trailing LM loss (seqlen=32K, last 2K)</text>"));
  CHECK(contains(text, ">MoBA Projection</text>"));
  CHECK(contains(text, ">Full Attention Projection</text>"));
  CHECK(contains(text, "MoBA &lt;and&gt; full"));
  CHECK(contains(text, ">10<tspan dy=\"-0.55em\" font-size=\"70%\">0</tspan></text>"));
  CHECK(contains(text, ">4\u00d710<tspan dy=\"-0.55em\" font-size=\"70%\">0</tspan></text>"));
  for (const char* id : {"curve-moba-545M", "curve-full-545M", "curve-moba-2-1B", "curve-full-2-1B"}) {
    CHECK(contains(text, "id=\"" + std::string(id) + "\""));
  }
}

TEST_CASE("both projections are dashed in their colours, the training curves are solid") {
  const std::string text = chart_text();
  const std::regex line("<polyline id=\"([^\"]+)\" stroke=\"(#[0-9a-f]{6})\"([^>]*)>");
  int dashed = 0, solid = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
    const std::string id = (*it)[1], colour = (*it)[2], rest = (*it)[3];
    const bool is_dashed = contains(rest, "stroke-dasharray");
    (is_dashed ? dashed : solid) += 1;
    CHECK(is_dashed == id.starts_with("projection-"));
    if (id == "projection-moba") CHECK(colour == "#1a4fd6");
    if (id == "projection-full") CHECK(colour == "#d62222");
  }
  CHECK(dashed == 2);
  CHECK(solid == 4);
}

TEST_CASE("the legend stands at the top right, above the middle and right of the middle") {
  const std::string text = chart_text();
  std::smatch match;
  REQUIRE(std::regex_search(text, match, std::regex("id=\"legend\"[^>]*>\\s*<rect x=\"([0-9.]+)\" y=\"([0-9.]+)\"")));
  CHECK(std::stod(match[1]) > 380);
  CHECK(std::stod(match[2]) < 80);
}

TEST_CASE("points stand where the logarithms put them") {
  const std::string text = chart_text();
  std::smatch match;
  REQUIRE(
      std::regex_search(text, match, std::regex("id=\"projection-moba\"[^>]*points=\"([0-9.]+),[0-9.]+ ([0-9.]+),")));
  const double left = 92, right = 736;  // of the plot
  CHECK(std::stod(match[1]) == Approx(left).margin(0.01));
  CHECK(std::stod(match[2]) == Approx(left + (right - left) * std::log(1 / 0.02) / std::log(50 / 0.02)).margin(0.01));
}

TEST_CASE("the end of the data is the last x that both arms were fitted at") {
  CHECK(loss_chart(settings(), curves(), projection()).data_end.value() == 5);
}

TEST_CASE("what cannot stand on a logarithmic axis is refused at its place") {
  const CsvTable bad = CsvTable::from_text("model,attention,x,loss,in_fit\n545M,moba,0,3,false\n", "curves.csv");
  std::string said;
  try {
    (void)loss_chart(settings(), bad, projection());
  } catch (const ConfigError& error) {
    said = error.what();
  }
  CHECK(contains(said, "curves.csv:2:11"));
}

TEST_CASE("chart.yaml says the same after writing and reading") {
  LossChartSettings written = settings();
  written.title = "it's: #1 [a]";
  const tests::ScratchFolder folder;
  tests::put_file(folder / "chart.yaml", yaml_of(written));
  const LossChartSettings read = chart_settings_from(folder / "chart.yaml");
  CHECK(read.title == written.title);
  CHECK(read.y.ticks == written.y.ticks);
  CHECK(read.x.to == written.x.to);
  CHECK(read.models == written.models);
  CHECK(read.arms.at(1).label == "Full Attention");
  CHECK(svg_of(loss_chart(written, curves(), projection())) == svg_of(loss_chart(read, curves(), projection())));
}

TEST_CASE("a linear axis has four to eleven round ticks, all inside it") {
  for (const double to : {1.0, 0.37, 2.3, 5.1e-4, 9.9, 77.0}) {
    ChartAxis axis;
    axis.from = -to;
    axis.to = to;
    axis.linear = true;
    const std::vector<double> ticks = labelled_ticks(axis);
    INFO(to);
    CHECK(ticks.size() >= 4);
    CHECK(ticks.size() <= 11);
    CHECK(std::count(ticks.begin(), ticks.end(), 0.0) == 1);
    for (const double tick : ticks) CHECK(std::abs(tick) <= to * (1 + 1e-9));
    CHECK(position(axis, 0, 10, 30) == Approx(20));
  }
}

TEST_CASE("a short logarithmic axis of plain labels has round ones") {
  ChartAxis axis;
  axis.from = 2.4;
  axis.to = 4.6;
  axis.plain = true;
  CHECK(labelled_ticks(axis).size() >= 4);
  CHECK(tick_label(axis, 2.5) == "2.5");
  axis.plain = false;
  CHECK(tick_label(axis, 20) == "2x10^1");
}

TEST_CASE("charts of one page have ids of their own") {
  Chart chart = loss_chart(settings(), curves(), projection());
  chart.id_prefix = "second-";
  const std::string text = svg_of(chart);
  CHECK(contains(text, "id=\"second-plot\""));
  CHECK(contains(text, "url(#second-plot)"));
  CHECK_FALSE(contains(text, "id=\"plot\""));
}

}  // namespace mobasim::tests::chart_test
