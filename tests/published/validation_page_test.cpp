// The tables of docs/validation.md are what the model says today. MOBASIM_UPDATE=1 in the environment writes them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "fit/calibration/calibration.h"
#include "sim/measured/convention_table.h"
#include "sim/stack/calibration.h"
#include "tests/published/cross_validated.h"
#include "tests/published/generated_page.h"

namespace mobasim::tests::validation_page_test {
namespace {

std::string percent(double fraction) { return fmt::format("{:.1f}%", 100 * fraction); }

std::string time_table() {
  std::string text =
      "| group | rows | mean | median | p90 | max | bias | inside | half-width "
      "|\n|---|---|---|---|---|---|---|---|---|\n";
  for (const ErrorSummary& group : time_summaries(cross_validated_rows())) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", group.group, group.rows,
                        percent(group.mean), percent(group.median), percent(group.p90), percent(group.max),
                        percent(group.bias), percent(group.coverage), percent(group.half_width));
  }
  const OverallSummary all = overall(cross_validated_rows(), {"vtrain_single", "loose"});
  return text + fmt::format(
                    "\n{} groups without vtrain_single and loose, {} rows: median over groups of the median error {}, "
                    "p90 with groups weighted equally {}, {} of the rows inside the interval, whose median half-width "
                    "is {}.\n",
                    all.groups, all.rows, percent(all.median), percent(all.p90), percent(all.coverage),
                    percent(all.half_width));
}

std::string memory_table() {
  std::string text = "| group | rows | mean | median | p90 | max | bias |\n|---|---|---|---|---|---|---|\n";
  for (const ErrorSummary& group : memory_summaries(cross_validated_rows())) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", group.group, group.rows, percent(group.mean),
                        percent(group.median), percent(group.p90), percent(group.max), percent(group.bias));
  }
  return text;
}

std::string mean_error(const std::string& group) {
  for (const ErrorSummary& each : time_summaries(cross_validated_rows())) {
    if (each.group == group) return fmt::format("{} ({} rows)", percent(each.mean), each.rows);
  }
  return "";
}

// What the peers reach: measured from their own code, mean error of the time of a step; what each was given.
std::string peer_table() {
  struct Peer {
    const char *source, *group, *calculon, *simumax, *given;
  };
  constexpr Peer kPeers[] = {
      {"Korthikanti 2022", "korthikanti22", "3.7%, max 8.9% (8 rows)", "",
       "Calculon's efficiencies were set on these rows; mobasim: constants from the other configurations"},
      {"Narayanan 2021", "narayanan21_t1", "8% (its Table 2)", "", "mobasim: fastest microbatch and chunks that fit"},
      {"NeMo, Megatron-Core on H100", "nemo2407", "15-20%", "", "published layouts"},
      {"BLOOM", "bloom", "24%", "", "published layouts"},
      {"MT-NLG 530B", "mtnlg", "29%", "", "constants from BLOOM"},
      {"vTrain, one node", "vtrain_single", "39%", "", "mobasim: constants from vTrain's other table"},
      {"SimuMax's B200 runs", "simumax_b200", "", "5.6% (43 rows)",
       "SimuMax: lookups per shape measured on the machine; mobasim: dense rows, other configurations"},
  };
  std::string text = "| source | Calculon | SimuMax | mobasim, cross-validated | given |\n|---|---|---|---|---|\n";
  for (const Peer& peer : kPeers) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", peer.source, peer.calculon, peer.simumax,
                        mean_error(peer.group), peer.given);
  }
  return text;
}

// The first stated row of each group under every convention, TFLOP/s per device.
std::string convention_lines() {
  const Table table = convention_table(published_runs());
  std::string text = "| run | stated | its convention |";
  std::string line = "|---|---|---|";
  for (const FlopConvention convention : flop_conventions()) {
    text += fmt::format(" {} |", name(convention));
    line += "---|";
  }
  text += "\n" + line + "\n";
  std::string last_group;
  for (const std::vector<Cell>& row : table.rows) {
    const auto& group = std::get<std::string>(row[1]);
    if (group == last_group || !std::holds_alternative<double>(row[2]) ||
        !std::holds_alternative<std::string>(row[3])) {
      continue;
    }
    last_group = group;
    text += fmt::format("| {} | {:.0f} | {} |", std::get<std::string>(row[0]), std::get<double>(row[2]) / 1e12,
                        std::get<std::string>(row[3]));
    for (std::size_t i = 4; i + 1 < row.size(); ++i) text += fmt::format(" {:.0f} |", std::get<double>(row[i]) / 1e12);
    text += "\n";
  }
  return text;
}

std::string generated() {
  return "### Time of a step, by group\n\n" + time_table() + "\n### Memory, by group\n\n" + memory_table() +
         "\n### Beside other tools\n\n" + peer_table() + "\n### One run under every convention of FLOPs\n\n" +
         convention_lines();
}

// Equal but for percentages that differ by 0.3 and numbers by 1: another compiler may round elsewhere.
bool agree(const std::string& a, const std::string& b) {
  std::istringstream left(a), right(b);
  std::string one, other;
  while (left >> one) {
    if (!(right >> other)) return false;
    if (one == other) continue;
    char *end_one = nullptr, *end_other = nullptr;
    const double x = std::strtod(one.c_str(), &end_one), y = std::strtod(other.c_str(), &end_other);
    if (std::string(end_one) != end_other || end_one == one.c_str()) return false;
    if (std::abs(x - y) > (*end_one == '%' ? 0.31 : 1.0)) return false;
  }
  return !(right >> other);
}

}  // namespace

TEST_CASE("docs/validation.md shows what the model says of the published runs") {
  require_page("validation.md", generated(), agree);
}

TEST_CASE("The shipped constants are what calibrate makes of the published runs") {
  const auto configs = source_folder() / "configs";
  RunPreparer preparer(configs, stacks_from(configs / "stacks", {}));
  std::vector<PreparedRun> prepared;
  for (const MeasuredRun& run : published_runs()) prepared.push_back(preparer.prepared(run));
  const std::vector<Stack> shipped = stacks_from(configs / "stacks", configs / "stacks" / kCalibrationFile);
  for (const Stack& stack : shipped) {
    const auto rows = calibration_rows(published_runs(), prepared, stack.name);
    INFO(stack.name);
    CHECK(stack.evidence.has_value() == !rows.empty());
    if (rows.empty()) continue;
    Stack policy = stack;
    policy.constants = {};
    policy.evidence.reset();
    const StackFit fit = fitted_stack(policy, rows);
    for (std::size_t i = 0; i < kStackConstants; ++i) {
      CHECK(stack.constants.factor[i] == Approx(fit.constants.factor[i]).epsilon(0.01));
    }
  }
}

}  // namespace mobasim::tests::validation_page_test
