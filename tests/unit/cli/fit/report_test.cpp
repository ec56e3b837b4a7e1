#include "cli/fit/report.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <regex>
#include <set>

#include "cli/page/page.h"
#include "sim/base/provenance.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::report_test {
using namespace cli;

namespace {

LossLaw planted(const std::string& law) {
  if (law == "p2") return PowerLaw{20, 0.05};
  if (law == "p3") return FlooredPowerLaw{1.7, 90, 0.09};
  if (law == "chinchilla") return ChinchillaLaw{1.7, 400, 0.34, 410, 0.28};
  if (law == "chinchilla-outer") return OuterChinchillaLaw{1.7, 400, 0.34, 410, 0.28, 0.9};
  return PairedLaw{1.6, 0.01};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// One point a run, of sizes that grow; the scatter is the same for the same point.
FitData data_of(const LossLaw& law, std::size_t points, double scatter = 0.002) {
  FitData data;
  for (std::size_t k = 0; k < points; ++k) {
    const double size = static_cast<double>(k);
    std::vector<double> x = {1e17 * std::pow(2, size)};
    if (shape(law).inputs == 2) x = {1e7 * std::pow(1.5, size), 1e9 * std::pow(1.4, size) * (k % 3 == 0 ? 4 : 1)};
    data.log_x.push_back({std::log(x[0]), x.size() == 2 ? std::log(x[1]) : 0});
    data.log_y.push_back(std::log(value_at(law, x)) + scatter * std::sin(37.0 * (size + 1)));
    data.cluster_end.push_back(k + 1);
    data.cluster_names.push_back(fmt::format("size{}", k));
    data.lines.push_back(static_cast<std::int64_t>(k) + 2);
  }
  return data;
}

GroupFitOptions options_of(const LossLaw& law) {
  GroupFitOptions options;
  options.law = law;
  options.resamples = 100;
  options.seed = 7;
  options.backtest = true;
  options.diagnostics = true;
  return options;
}

// The largest x, so many times farther.
Target target_of(const FitData& data, double times) {
  Target target;
  const Inputs& last = data.log_x.back();
  target.x = {std::exp(last[0]) * times};
  if (last[1] != 0) target.x = {std::exp(last[0]) * std::sqrt(times), std::exp(last[1]) * std::sqrt(times)};
  return target;
}

// The file that all reports are said to be made from.
std::filesystem::path data_file() {
  static const tests::ScratchFolder folder;
  static const std::filesystem::path file = folder / "runs.csv";
  if (!std::filesystem::exists(file)) tests::put_file(file, "flop,loss\n1,2\n");
  return file;
}

FitReport report_of(const LossLaw& law, std::vector<GroupFit> groups) {
  FitReport report;
  report.command = {"mobasim", "fit", data_file().string(), "--where", "step>=20000"};
  report.inputs = {data_file()};
  report.law = law;
  report.compute = "flop";
  report.parameters = "params";
  report.tokens = "toks";
  report.loss_column = "c4_loss";
  report.run = {"size"};
  report.where = {"step>=20000", "kind=train"};
  report.points = "tail:0.05";
  report.dropped = 3;
  report.resamples = 100;
  report.seed = 7;
  if (std::holds_alternative<PairedLaw>(law)) {
    report.pair = "attention=moba,full";
    report.size = "size";
  }
  report.groups = std::move(groups);
  return report;
}

FitReport planted_report(const std::string& name, std::size_t points = 12) {
  const LossLaw law = planted(name);
  FitData data = data_of(law, points);
  std::vector<Target> targets = {target_of(data, 2), target_of(data, 5), target_of(data, 30)};
  targets[1].observed = value_at(law, targets[1].x) * 1.01;
  GroupFitOptions options = options_of(law);
  options.target_losses = {value_at(law, targets[0].x), 1e-3};
  return report_of(law, {group_fit({}, "all runs", std::move(data), targets, options)});
}

// Words that are numbers a program failed to say in words.
bool has_no_number(const std::string& text) {
  static const std::regex words("(^|[^A-Za-z])[-+]?(inf|nan)([^A-Za-z]|$)", std::regex::icase);
  return std::regex_search(text, words);
}

std::string without_line_ends(const std::string& text) { return std::regex_replace(text, std::regex("[ \n]+"), " "); }

FitReport paired_report(double r, double s, double scatter) {
  const LossLaw law = PairedLaw{r, s};
  GroupFitOptions options = options_of(law);
  options.resamples = 0;
  FitData data = data_of(law, 9, 0);
  for (std::size_t k = 0; k < data.points(); ++k) data.log_y[k] += k % 2 == 0 ? scatter : -scatter;
  return report_of(law, {group_fit({}, "pairs", std::move(data), {}, options)});
}

}  // namespace

TEST_CASE("a report holds what makes a fit defensible, for every law and in both forms") {
  for (const std::string& name : law_names()) {
    const FitReport report = planted_report(name);
    const GroupFit& group = report.groups.front();
    const std::string html = html_of(report), text = without_line_ends(text_of(report));
    std::vector<std::string> facts = {
        "mobasim 0.",
        fingerprint(report.inputs.front()),
        "7, for 100 resamples of the bootstrap",
        "kind=train",
        "3 rows without a loss",
        "tail:0.05",
        "squares",
        "a sum and not a mean",
        "r^2 / 2",
        fmt::format("{:.12g}", group.estimate.fit.objective),
        fmt::format("{} of {} local searches", group.estimate.fit.hits, group.estimate.fit.starts),
        "Levenberg-Marquardt and BFGS",
        "Degrees of freedom",
        "delta method",
        "percentile",
        "bootstrap, BCa",
        "100 resamples",
        "Origins",
        "per e-fold",
        "beyond its data: read as a guess",
        "extrapolated: 30 times the data",
        "Residuals and outliers",
        "No outliers",
        "size11",
        "Other laws through the same points",
        "AICc",
        "Huber, ",
        "not reached: "};
    for (const std::string& parameter : parameter_names(report.law)) facts.push_back(parameter);
    const bool two = shape(report.law).inputs == 2;
    facts.push_back(two ? "parameters: column 'params', tokens: column 'toks'" : "compute: column 'flop', in its unit");
    if (two) facts.emplace_back("compute is taken as parameters x tokens x 6");
    if (shape(report.law).floor) facts.emplace_back("The floor ");
    facts.push_back(name == "paired" ? "the ratio is 1 at C" : "differ by ");
    for (const GroupFit::Projected& one : group.projected) facts.push_back(fmt::format("{:.5g}", one.prediction.value));
    for (const std::string& fact : facts) {
      INFO(name << ": " << fact);
      CHECK(has(text, fact));
      CHECK(has(html, fact));
    }
    CHECK(has(text, "--where 'step>=20000'"));
    CHECK(has(html, "--where 'step&gt;=20000'"));
    CHECK(has(text, std::string(formula(report.law))));
  }
}

TEST_CASE("what is no number is said in words, also where next to nothing is determined") {
  for (const std::string& name : law_names()) {
    const LossLaw law = planted(name);
    const std::size_t fewest = shape(law).coordinates() + 1;
    for (const std::size_t points : {fewest, fewest + 2}) {
      FitData data = data_of(law, points);
      GroupFitOptions options = options_of(law);
      options.loss.huber_delta = 1e-3;
      options.target_losses = {1e-3, 1e6, 2};
      const std::vector<Target> targets = {target_of(data, 1e6)};
      FitReport report = report_of(law, {group_fit({}, "few", std::move(data), targets, options)});
      report.loss = options.loss;
      INFO(name << " of " << points);
      CHECK_FALSE(has_no_number(text_of(report)));
      CHECK_FALSE(has_no_number(html_of(report)));
    }
  }
}

TEST_CASE("one run that holds every point determines no interval, and the report says so") {
  const LossLaw law = planted("p3");
  FitData data = data_of(law, 12);
  data.cluster_end = {12};
  data.cluster_names = {"only"};
  GroupFitOptions options = options_of(law);
  const FitReport report = report_of(law, {group_fit({}, "one", data, {target_of(data, 5)}, options)});
  const std::string text = without_line_ends(text_of(report));
  CHECK(has(text, "No interval is determined: 1 run for 3 parameters"));
  CHECK(has(text, "With 1 run it cannot be known how sure the parameters are"));
  CHECK(has(html_of(report), "No interval is determined, so that none is drawn"));
  CHECK_FALSE(has_no_number(text + html_of(report)));
}

TEST_CASE("what users wrote is escaped in HTML and left alone in text") {
  const std::string nasty = "<b>&\"";
  const LossLaw law = planted("p2");
  FitData data = data_of(law, 9);
  for (std::string& name : data.cluster_names) name = nasty + name;
  FitReport report = report_of(law, {group_fit({nasty}, "kind=" + nasty, data, {}, options_of(law))});
  report.compute = report.loss_column = nasty;
  report.where = {"kind=" + nasty};
  report.by = report.run = {nasty};
  report.command.push_back(nasty);
  const std::string html = html_of(report);
  CHECK_FALSE(has(html, "<b>"));
  CHECK(has(html, "<h2>kind=&lt;b&gt;&amp;&quot;</h2>"));
  CHECK(has(html, "<td>&lt;b&gt;&amp;&quot;size3</td>"));
  CHECK(has(text_of(report), "kind=" + nasty));
}

TEST_CASE("the same report is the same bytes") {
  CHECK(html_of(planted_report("chinchilla")) == html_of(planted_report("chinchilla")));
  CHECK(text_of(planted_report("p3")) == text_of(planted_report("p3")));
}

TEST_CASE("five runs allow no back-test, and the report says it") {
  for (const std::string name : {"p2", "p3", "paired"}) {
    const FitReport report = planted_report(name, 5);
    for (const std::string& form : {html_of(report), text_of(report)}) {
      CHECK(has(form, "no back-test possible: 5 "));
      CHECK(has(form, report.groups.front().backtest->impossible));
      CHECK(has(without_line_ends(form), "it cannot be known how wrong the law is beyond its data"));
    }
  }
  CHECK_FALSE(has(text_of(planted_report("p3")), "no back-test possible"));
}

TEST_CASE("words of warning stand exactly where a law is asked too far") {
  const LossLaw law = planted("p3");
  for (const double times : {0.5, 2.0, 2.9, 3.1, 9.9, 10.1, 400.0}) {
    FitData data = data_of(law, 12);
    const std::vector<Target> targets = {target_of(data, times)};
    FitReport report = report_of(law, {group_fit({}, "all", std::move(data), targets, options_of(law))});
    if (times < 1) report.groups.front().alternatives.clear();  // they are compared at ten times the data
    if (times < 1) report.groups.front().left_out.clear();
    if (times < 1) report.groups.front().deltas.clear();
    INFO(times);
    for (const std::string& form : {html_of(report), text_of(report)}) {
      CHECK(has(form, "extrapolated") == (times > 10));
      CHECK(has(form, "read as a guess") == (times > 10));
      CHECK(has(form, ": with care") == (times > 3 && times <= 10));
      CHECK(has(form, "read with care") == (times > 3 && times <= 10));
      CHECK(has(without_line_ends(form), "times the data<") + has(without_line_ends(form), "times the data ") >=
            (times > 1 ? 1 : 0));
    }
  }
}

TEST_CASE("a gap closes, widens or is undecided as its exponent and its side say") {
  CHECK(has(text_of(paired_report(1.6, 0.01, 1e-4)), "gap closes with compute"));
  CHECK(has(without_line_ends(text_of(paired_report(1.02, -0.01, 1e-4))), "the gap widens with compute"));
  // A's loss is the lower one and falls behind B's further: the gap grows.
  CHECK(has(without_line_ends(text_of(paired_report(0.9, 0.01, 1e-4))), "the gap widens with compute"));
  CHECK(has(without_line_ends(text_of(paired_report(1.05, 1e-5, 0.01))), "whether the gap closes is undecided"));
}

TEST_CASE("where the ratio of a paired law is 1 is told within a thousand times the data") {
  // 1e17 to 2.56e19 FLOP; r C^-s = 1 at C = r^(1/s).
  CHECK(has(without_line_ends(text_of(paired_report(std::pow(1e20, 0.01), 0.01, 1e-6))), "the ratio is 1 at C = "));
  CHECK(has(without_line_ends(text_of(paired_report(std::pow(1e24, 0.01), 0.01, 1e-6))), "does not cross 1"));
}

TEST_CASE("what pairing is worth stands beside the paired fit") {
  const LossLaw law = PairedLaw{1.6, 0.01};
  // Both arms share what their sizes have in common, which the ratio of the two is free of.
  PairedArms arms{data_of(PowerLaw{16, 0.06}, 9, 0.02), data_of(PowerLaw{10, 0.05}, 9, 0.02)};
  FitData ratio = data_of(law, 9, 1e-3);
  const FitReport report = report_of(law, {group_fit({}, "pairs", ratio, {}, options_of(law), arms)});
  for (const std::string& form : {html_of(report), without_line_ends(text_of(report))}) {
    CHECK(has(form, "What pairing is worth"));
    CHECK(has(form, "two separate fits would tell it to"));
    CHECK(has(form, fmt::format("{:.5g}", report.groups.front().unpaired->s)));
  }
  CHECK_FALSE(has(html_of(planted_report("paired")), "What pairing is worth"));
}

TEST_CASE("text stays within a hundred columns") {
  for (const std::string& name : law_names()) {
    const std::string text = text_of(planted_report(name));
    std::size_t begin = 0, widest = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      if (!has(text.substr(begin, end - begin), "/")) widest = std::max(widest, end - begin);  // a path is one word
      begin = end + 1;
    }
    INFO(name);
    CHECK(widest <= kTextWidth);
  }
}

TEST_CASE("several groups have contents and an overview, and no id twice in the page") {
  FitReport report = planted_report("p3");
  CHECK_FALSE(has(html_of(report), "<nav"));
  report.groups.push_back(report.groups.front());
  report.groups.back().name = "the second";
  const std::string html = html_of(report);
  CHECK(has(html, "<nav"));
  CHECK(has(html, "<a href=\"#chapter-2\">the second</a>"));
  CHECK(has(html, "All groups"));
  CHECK(has(html, "<html lang=\"en\">"));
  std::set<std::string> ids;
  const std::regex id(" id=\"([^\"]*)\"");
  for (auto one = std::sregex_iterator(html.begin(), html.end(), id); one != std::sregex_iterator(); ++one) {
    INFO((*one)[1]);
    CHECK(ids.insert((*one)[1]).second);
  }
  CHECK(ids.contains("g2-law-points"));
  CHECK(ids.contains("g2-residuals-zero"));
}

TEST_CASE("of many points an even sample is drawn, and the report says so") {
  const LossLaw law = planted("p2");
  FitData data = data_of(law, 30);
  FitData many;
  for (std::size_t run = 0; run < 30; ++run) {
    for (int k = 0; k < 100; ++k) {
      many.log_x.push_back(data.log_x[run]);
      many.log_y.push_back(data.log_y[run] + 1e-4 * k);
    }
    many.cluster_end.push_back(many.log_x.size());
  }
  GroupFitOptions options = options_of(law);
  options.resamples = 0;
  options.diagnostics = false;
  const std::string html = html_of(report_of(law, {group_fit({}, "many", std::move(many), {}, options)}));
  CHECK(has(html, "Of 3000 points an even sample of 2000 is drawn"));
  std::size_t circles = 0;
  for (std::size_t at = html.find("<circle"); at != std::string::npos; at = html.find("<circle", at + 1)) ++circles;
  CHECK(circles <= 2 * 2000 + 10);
}

TEST_CASE("a law of which a term is not there has a sentence in place of a chart") {
  const LossLaw law = planted("chinchilla");
  FitReport report = report_of(law, {group_fit({}, "all", data_of(law, 14), {}, options_of(law))});
  CHECK_FALSE(has(html_of(report), "There is no chart of the law"));
  LawFit& fit = report.groups.front().estimate.fit;
  fit.at[shape(law).height(1)] = -INFINITY;
  fit.at[shape(law).exponent(1)] = 0;
  const std::string html = html_of(report);
  CHECK(has(html, "There is no chart of the law"));
  CHECK_FALSE(has_no_number(html));
}

}  // namespace mobasim::tests::report_test
