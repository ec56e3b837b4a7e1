#include "cli/fit/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <system_error>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

constexpr std::int64_t kFewestResamples = 100, kMostResamples = 1000000, kMostThreads = 1024;

// Each complaint is one problem of the error that is thrown at the end.
class Complaints {
 public:
  void add(std::string what) { problems_.push_back({{}, std::move(what)}); }
  // What `work` throws, beginning with `prefix`.
  void gather(const std::string& prefix, const std::function<void()>& work) {
    try {
      work();
    } catch (const ConfigError& error) {
      for (const ConfigError::Problem& problem : error.problems()) add(prefix + problem.what);
    }
  }
  void throw_if_any() const {
    if (!problems_.empty()) throw ConfigError(problems_);
  }

 private:
  std::vector<ConfigError::Problem> problems_;
};

bool is_paired(const LossLaw& law) { return std::holds_alternative<PairedLaw>(law); }

// A law of compute and one of parameters and tokens take different columns.
void check_inputs(const FitFlags& flags, const LossLaw& law, Complaints& complaints) {
  const Selection& selection = flags.selection;
  const bool compute = !selection.x.empty();
  const bool any_of_two = !selection.parameters.empty() || !selection.tokens.empty();
  const bool both = !selection.parameters.empty() && !selection.tokens.empty();
  if (shape(law).inputs == 1) {
    if (any_of_two) {
      complaints.add(fmt::format("--law {} takes --compute COL in place of --parameters and --tokens", flags.law));
    } else if (!compute) {
      complaints.add(fmt::format("--law {} needs --compute COL", flags.law));
    }
  } else if (compute) {
    complaints.add(fmt::format("--law {} takes --parameters COL and --tokens COL in place of --compute", flags.law));
  } else if (!both) {
    complaints.add(fmt::format("--law {} needs --parameters COL and --tokens COL", flags.law));
  }
}

void check_columns_differ(const Selection& selection, Complaints& complaints) {
  const std::vector<std::pair<std::string, std::string>> numbers = {{"--compute", selection.x},
                                                                    {"--parameters", selection.parameters},
                                                                    {"--tokens", selection.tokens},
                                                                    {"--loss", selection.loss},
                                                                    {"--weight", selection.weight}};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (numbers[i].second.empty() || numbers[i].second != numbers[j].second) continue;
      complaints.add(
          fmt::format("{} and {} both name the column '{}'", numbers[j].first, numbers[i].first, numbers[i].second));
    }
  }
}

Arms arms_from(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t comma = text.find(',', equals == std::string::npos ? 0 : equals);
  if (equals == std::string::npos || equals == 0 || comma == std::string::npos || comma == equals + 1 ||
      comma + 1 == text.size() || text.find(',', comma + 1) != std::string::npos) {
    throw ConfigError(fmt::format("--pair '{}': COL=A,B expected, as in attention=moba,full", text));
  }
  const std::string a = text.substr(equals + 1, comma - equals - 1), b = text.substr(comma + 1);
  if (a == b) throw ConfigError(fmt::format("--pair '{}': the two arms are the same", text));
  return {text.substr(0, equals), a, b};
}

void settle_arms(const FitFlags& flags, FitOptions& options, Complaints& complaints) {
  if (!is_paired(options.request.law)) {
    if (!flags.pair.empty()) complaints.add("--pair belongs to --law paired");
    if (!flags.size.empty()) complaints.add("--size belongs to --law paired");
    return;
  }
  if (flags.pair.empty()) {
    complaints.add("--law paired needs --pair COL=A,B, as in attention=moba,full");
  } else {
    complaints.gather("", [&] { options.request.arms = arms_from(flags.pair); });
  }
  if (flags.size.empty()) {
    complaints.add("--law paired needs --size COL: runs of the same size make a pair");
  }
  options.request.size = flags.size;
  if (!flags.selection.cluster.empty()) {
    complaints.add("--cluster: with --law paired every pair is a cluster of its own");
  }
  if (!options.request.arms) return;
  const std::string& column = options.request.arms->column;
  if (std::count(flags.selection.by.begin(), flags.selection.by.end(), column) > 0) {
    complaints.add(fmt::format("--by {}: --pair joins what that column tells apart", column));
  }
}

// What a run is when neither --run nor --size says it.
void settle_runs(FitOptions& options, Complaints& complaints) {
  if (!options.request.selection.run.empty() || is_paired(options.request.law)) return;
  switch (options.request.points.kind) {
    case PointRule::Kind::all:
      return;
    case PointRule::Kind::last:
    case PointRule::Kind::mean:
      complaints.add(
          fmt::format("--points {} keeps one point of each run: name the columns that tell runs apart "
                      "with --run",
                      options.request.points_text));
      return;
    case PointRule::Kind::tail:
    case PointRule::Kind::after:
      options.request.selection.without_run_columns = WithoutRunColumns::each_group_is_a_run;
      if (options.request.selection.cluster.empty()) return;
      complaints.add(
          fmt::format("--points {} is about where a run ends, and --cluster joins runs: name the columns "
                      "that tell runs apart with --run",
                      options.request.points_text));
  }
}

void settle_loss(const FitFlags& flags, FitOptions& options, Complaints& complaints) {
  options.request.loss.huber_delta = flags.huber_delta;
  if (!flags.huber_delta) return;
  if (flags.squares) complaints.add("--huber-delta and --squares exclude each other");
  if (!(*flags.huber_delta > 0) || !std::isfinite(*flags.huber_delta)) {
    complaints.add(fmt::format("--huber-delta {}: a number above 0 is wanted, as in 1e-3", *flags.huber_delta));
  }
}

void settle_bootstrap(const FitFlags& flags, FitOptions& options, Complaints& complaints) {
  if (flags.bootstrap) {
    options.request.bootstrap = *flags.bootstrap;
    if (options.request.bootstrap < kFewestResamples || options.request.bootstrap > kMostResamples) {
      complaints.add(fmt::format("--bootstrap {}: {} to {} resamples can be had", options.request.bootstrap,
                                 kFewestResamples, kMostResamples));
    }
  } else if (flags.seed) {
    complaints.add("--seed is that of the resamples: it needs --bootstrap N");
  }
  if (flags.seed.value_or(1) < 0) complaints.add(fmt::format("--seed {}: it must not be negative", *flags.seed));
  options.request.seed = static_cast<std::uint64_t>(flags.seed.value_or(1));
  if (flags.threads < 0 || flags.threads > kMostThreads) {
    complaints.add(fmt::format("--threads {}: 0 (one a core) to {} can be had", flags.threads, kMostThreads));
  } else {
    options.request.threads = static_cast<unsigned>(flags.threads);
  }
}

void settle_targets(const FitFlags& flags, FitOptions& options, Complaints& complaints) {
  if (!flags.project.empty()) {
    complaints.gather("--project ", [&] {
      options.request.project = targets_from(flags.project, shape(options.request.law).inputs);
    });
  }
  options.request.project_from = flags.project_from;
  options.request.project_where = flags.project_where;
  options.projections = flags.projections;
  if (!flags.project.empty() && !flags.project_from.empty()) {
    complaints.add("--project and --project-from exclude each other");
  }
  if (!flags.project_where.empty() && flags.project_from.empty()) {
    complaints.add("--project-where: it needs --project-from FILE.csv, whose rows it chooses");
  }
  if (!flags.projections.empty() && flags.project.empty() && flags.project_from.empty()) {
    complaints.add("--projections: nothing to write without --project or --project-from");
  }
  if (!flags.target_loss.empty()) {
    complaints.gather("--target-loss ",
                      [&] { options.request.target_losses = positive_numbers_from(flags.target_loss); });
  }
  options.targets = flags.targets;
  if (!flags.targets.empty() && flags.target_loss.empty()) {
    complaints.add("--targets: nothing to write without --target-loss");
  }
}

using NamedFile = std::pair<std::string, std::filesystem::path>;  // the flag, and the file given with it

// Nothing is written twice, and nothing over what is read.
void check_files(const FitFlags& flags, Complaints& complaints) {
  const std::vector<NamedFile> read = {{"the data", flags.data}, {"--project-from", flags.project_from}};
  const std::vector<NamedFile> written = {{"--output", flags.output.file},
                                          {"--projections", flags.projections},
                                          {"--targets", flags.targets},
                                          {"--report", flags.report}};
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto& [flag, file] = written[i];
    if (file.empty()) continue;
    const auto check = [&](const NamedFile& other) {
      if (other.second.empty() || !same_file(file, other.second)) return;
      complaints.add(fmt::format("{} {}: that is the file of {}", flag, file.string(), other.first));
    };
    std::for_each(read.begin(), read.end(), check);
    std::for_each(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(i), check);
  }
  const std::string extension = flags.report.extension().string();
  if (!flags.report.empty() && extension != ".html" && extension != ".txt") {
    complaints.add(fmt::format("--report {}: its name must end in .html or .txt", flags.report.string()));
  }
}

}  // namespace

FitOptions fit_options_from(const FitFlags& flags) {
  Complaints complaints;
  FitOptions options;
  options.request.data = flags.data;
  options.request.law = law_named(flags.law);
  options.request.selection = flags.selection;
  options.request.points_text = flags.points;
  options.request.backtest = flags.backtest;
  options.request.definition = flags.definition;
  if (!flags.definition.empty() && flags.report.empty())
    complaints.add("--x-is: it is told in the report; give --report FILE");
  options.report = flags.report;
  options.request.diagnostics = !flags.report.empty();
  options.output = flags.output;
  check_inputs(flags, options.request.law, complaints);
  check_columns_differ(flags.selection, complaints);
  settle_arms(flags, options, complaints);
  complaints.gather("--points ", [&] {
    options.request.points = point_rule_from(flags.points);
    settle_runs(options, complaints);
  });
  settle_loss(flags, options, complaints);
  settle_bootstrap(flags, options, complaints);
  settle_targets(flags, options, complaints);
  check_files(flags, complaints);
  complaints.throw_if_any();
  return options;
}

}  // namespace mobasim::cli
