#include "cli/fit/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "cli/fit/charts.h"
#include "cli/fit/sections.h"
#include "cli/page/page.h"
#include "fit/report/words.h"
#include "mobasim_version.h"
#include "sim/base/provenance.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

// As a shell takes it back: in single quotes where there is anything but plain characters.
std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./,:=+@%").find(c) != std::string::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_words(const FitReport& report) {
  std::vector<std::string> words;
  for (const std::string& word : report.command) words.push_back(shell_word(word));
  return joined(words, " ");
}

std::string input_words(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) return file.string() + ", no regular file: no hash";
  return fmt::format("{}, FNV-1a (64 bits) {}", file.string(), fingerprint(file));
}

// What x counts decides what equal x means: equal tokens or equal cost. No column tells it, so the user may.
std::string definition(const FitReport& report) {
  if (!report.definition.empty()) return report.definition;
  return "what it counts was not said (--x-is): whether attention and embeddings are in it decides what equal x means, "
         "and equal 6 N D is equal tokens, not equal cost";
}

std::string inputs_of_law(const FitReport& report) {
  if (shape(report.law).inputs == 1) {
    return fmt::format("compute: column '{}', in its unit; {}", report.compute, definition(report));
  }
  return fmt::format(
      "parameters: column '{}', tokens: column '{}', in their units; {}; compute is taken as parameters x tokens x 6, "
      "which counts no attention, where it is needed",
      report.parameters, report.tokens, definition(report));
}

std::string output_of_law(const FitReport& report) {
  if (report.pair.empty()) return fmt::format("loss: column '{}'", report.loss_column);
  return fmt::format(
      "ratio of losses, L_A / L_B, A and B those of {}: column '{}'; runs of the same '{}' make a pair, and each "
      "pair is one point",
      report.pair, report.loss_column, report.size);
}

std::string point_rule_words(const std::string& rule) {
  const std::string fraction = rule.substr(std::min(rule.size(), rule.find(':') + 1));
  if (rule == "all") return "all: every point of every run";
  if (rule == "last") return "last: of each run the point of the most progress";
  if (rule.starts_with("tail:"))
    return fmt::format("{}: of each run those with progress >= (1 - {}) of its end", rule, fraction);
  if (rule.starts_with("mean:")) {
    return fmt::format("{}: of each run one, the geometric mean of those with progress >= (1 - {}) of its end", rule,
                       fraction);
  }
  return fmt::format("{}: of each run those with progress >= {} of its end", rule, fraction);
}

std::string run_words(const FitReport& report) {
  std::vector<std::string> columns = report.run;
  if (!report.size.empty() && std::ranges::find(columns, report.size) == columns.end()) columns.push_back(report.size);
  std::string words = columns.empty() ? "no column tells runs apart" : "told apart by " + joined(columns);
  if (!report.cluster.empty()) words += fmt::format("; those of the same '{}' are not independent", report.cluster);
  return words;
}

Facts origin_facts(const FitReport& report) {
  Facts facts;
  facts.rows.emplace_back("Command", command_words(report));
  facts.rows.emplace_back("Program", fmt::format("mobasim {} ({})", kVersion, kCommit));
  for (const std::filesystem::path& file : report.inputs) {
    facts.rows.emplace_back(&file == &report.inputs.front() ? "Data" : "Read as well", input_words(file));
  }
  facts.rows.emplace_back("Seed", report.resamples > 0 ? fmt::format("{}, for {} of the bootstrap", report.seed,
                                                                     counted(report.resamples, "resample"))
                                                       : fmt::format("{}, not used: no bootstrap", report.seed));
  return facts;
}

Facts method_facts(const FitReport& report) {
  Facts facts;
  facts.rows.emplace_back("Law", fmt::format("{}: {}", name(report.law), formula(report.law)));
  facts.rows.emplace_back("x", inputs_of_law(report));
  facts.rows.emplace_back("y", output_of_law(report));
  if (!report.by.empty()) facts.rows.emplace_back("Groups", "one fit for each value of " + joined(report.by));
  facts.rows.emplace_back("Runs", run_words(report));
  facts.rows.emplace_back(
      "Weights", report.weight.empty() ? "every point counts once" : fmt::format("column '{}'", report.weight));
  facts.rows.emplace_back("Rows kept", report.where.empty() ? "all" : "those with " + joined(report.where, " and "));
  facts.rows.emplace_back("Rows dropped", report.dropped == 0 ? "none for lack of a loss"
                                                              : counted(report.dropped, "row") + " without a loss");
  facts.rows.emplace_back("Points", point_rule_words(report.points));
  facts.rows.emplace_back("Loss function", loss_name(report.loss));
  facts.rows.emplace_back("Objective", objective_formula(report.loss, !report.weight.empty()));
  return facts;
}

// All groups at a glance.
PageTable overview(const FitReport& report) {
  PageTable table{"All groups", {{"group", false}, {"points"}}, {}};
  for (const std::string& name : parameter_names(report.law)) table.columns.push_back({name});
  if (shape(report.law).floor) table.columns.push_back({"floor is", false});
  table.columns.push_back({"held-out error, RMS"});
  for (const GroupFit& group : report.groups) {
    std::vector<std::string> row = {group.name, fmt::format("{}", group.data.points())};
    for (const double value : parameters(group.estimate.fit.law)) row.push_back(number(value));
    if (shape(report.law).floor) row.emplace_back(name(group.estimate.floor_status));
    const bool tested = group.backtest && group.backtest->impossible.empty();
    row.push_back(tested ? percent(group.backtest->rms_error) : "none");
    table.rows.push_back(std::move(row));
  }
  return table;
}

Chapter chapter_of(const FitReport& report, const GroupFit& group, std::size_t number) {
  const std::string id = fmt::format("g{}-", number);
  Chapter chapter{group.name, {}};
  chapter.sections.push_back({"In short", {Bullets{conclusions(report, group)}}});
  chapter.sections.push_back(fit_section(report, group));
  chapter.sections.push_back(parameter_section(report, group));
  if (group.unpaired) chapter.sections.push_back(pairing_section(group));
  Section projections = projection_section(report, group);
  projections.blocks.insert(projections.blocks.begin(), projection_chart(report, group, id + "law-"));
  chapter.sections.push_back(std::move(projections));
  chapter.sections.push_back(target_section(report, group));
  chapter.sections.push_back(backtest_section(report, group));
  Section outliers = outlier_section(report, group);
  outliers.blocks.insert(outliers.blocks.begin(), residual_chart(report, group, id + "residuals-"));
  chapter.sections.push_back(std::move(outliers));
  chapter.sections.push_back(leave_one_out_section(report, group));
  chapter.sections.push_back(alternative_section(report, group));
  chapter.sections.push_back(other_loss_section(report, group));
  return chapter;
}

Page page_of(const FitReport& report) {
  Page page;
  const std::string data = report.inputs.empty() ? "" : " to " + report.inputs.front().filename().string();
  page.title = fmt::format("Fit of the law {}{}", name(report.law), data);
  page.head = {origin_facts(report), method_facts(report)};
  if (report.groups.size() > 1) page.head.emplace_back(overview(report));
  for (const GroupFit& group : report.groups) {
    page.chapters.push_back(chapter_of(report, group, page.chapters.size() + 1));
  }
  return page;
}

}  // namespace

std::string html_of(const FitReport& report) { return html_of(page_of(report)); }
std::string text_of(const FitReport& report) { return text_of(page_of(report)); }

}  // namespace mobasim::cli
