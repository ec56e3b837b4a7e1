// The flags of `mobasim fit` and what --help says of them; what they mean is in fit_options.cpp.
#include <CLI/CLI.hpp>

#include "cli/fit/options.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription = R"(Fit a loss law to the points of a CSV.

Examples:
  mobasim fit curves.csv --law p2 --compute compute_pfdays --loss loss --by panel,attention --run model
      --points tail:0.05                    one law per panel and attention from the runs' ends
  mobasim fit curves.csv --law paired --pair attention=moba,full --size model --compute compute_pfdays
      --loss loss --by panel --points tail:0.05
                                            how MoBA's loss over full attention's moves with compute
  mobasim fit runs.csv --law chinchilla --parameters params --tokens tokens --loss loss --huber-delta 1e-3
      --bootstrap 4000 --project 7e9:140e9 --projections out.csv --backtest --report fit.html
                                            by size and tokens, with intervals and what a 7B run would reach
  mobasim fit steps.csv --law chinchilla --parameters params --tokens step --loss loss --run model
      --where 'step>=20000' --project-from large.csv --projections out.csv
                                            from training curves, beside what larger runs did)";

constexpr const char* kFooter = R"(
--points: all takes every point (the default); last the one where a run ends; tail:F those with x >= (1 - F) of that end;
mean:F the geometric mean of those, one point a run; after:F those with x >= F of the end, past the warm-up. x is compute,
or tokens. Without --run each row is an observation of its own; with tail:F and after:F each group is then one run.
--where: COL=VALUE or COL!=VALUE, as numbers or as text; COL<=X, COL>=X, COL<X, COL>X, as numbers.
Intervals are 95%; cells are empty where the data determine none.)";

std::string help_of_laws() {
  std::vector<std::string> lines;
  for (const std::string& name : law_names()) lines.push_back(name + ": " + std::string(formula(law_named(name))));
  return joined(lines, "\n");
}

void add_columns(CLI::App& command, Selection& selection) {
  command.add_option("--compute", selection.x, "column of x for p2, p3 and paired; its unit is the law's")
      ->type_name("COL");
  command.add_option("--parameters", selection.parameters, "column of N for chinchilla")->type_name("COL");
  command.add_option("--tokens", selection.tokens, "column of D for chinchilla; any unit")->type_name("COL");
  command.add_option("--loss", selection.loss, "column of the loss; rows without it are dropped")
      ->required()
      ->type_name("COL");
  const auto columns = [&](const char* flag, std::vector<std::string>& into, const char* help) {
    command.add_option(flag, into, help)->delimiter(',')->allow_extra_args(false)->type_name("COL[,COL]");
  };
  columns("--by", selection.by, "one fit per combination of these columns' values");
  columns("--run", selection.run, "what tells training runs apart; points of one run are not independent");
  command.add_option("--cluster", selection.cluster, "runs (without --run: rows) of one value are not independent")
      ->type_name("COL");
  command.add_option("--weight", selection.weight, "weight of a point in the objective, above 0")->type_name("COL");
}

void add_conditions(CLI::App& command, const char* flag, std::vector<std::string>& into, const char* help) {
  command.add_option(flag, into, help)->allow_extra_args(false)->type_name("CONDITION");
}

void add_method(CLI::App& command, FitFlags& flags) {
  command.add_option("--points", flags.points, "all, last, tail:F, mean:F or after:F (as in tail:0.05)")
      ->capture_default_str();
  command.add_option("--huber-delta", flags.huber_delta, "residuals of the log beyond it count less")->type_name("D");
  command.add_flag("--squares", flags.squares, "every residual counts by its square: the default");
  command.add_option("--bootstrap", flags.bootstrap, "intervals from so many resamples of clusters")->type_name("N");
  command.add_option("--seed", flags.seed, "of the resamples; 1 if not given")->type_name("S");
  command.add_option("--threads", flags.threads, "how many; 0: one a core; the result is the same")
      ->type_name("T")
      ->capture_default_str();
  command.add_flag("--backtest", flags.backtest, "fit to the smaller runs, predict the larger ones");
}

void add_results(CLI::App& command, FitFlags& flags) {
  command.add_option("--project", flags.project, "the loss there: X,.. or, for chinchilla, N:D,..")->type_name("X,..");
  command.add_option("--project-from", flags.project_from, "the same for the rows of a CSV with the same columns")
      ->type_name("FILE.csv");
  add_conditions(command, "--project-where", flags.project_where, "the rows of that CSV; may be repeated");
  command.add_option("--projections", flags.projections, "CSV of the projections")->type_name("FILE");
  command.add_option("--target-loss", flags.target_loss, "what it takes to reach a loss")->type_name("L,..");
  command.add_option("--targets", flags.targets, "CSV of that")->type_name("FILE");
  command
      .add_option("--x-is", flags.definition,
                  "what compute (or parameters and tokens) count, for the report: '6 N D, N without embeddings'")
      ->type_name("TEXT");
  command.add_option("--report", flags.report, "all about the fits, to be read")->type_name("FILE.html|FILE.txt");
  add_output_options(command, flags.output);
}

}  // namespace

CLI::App& added_fit_command(CLI::App& program, FitFlags& flags) {
  CLI::App& command = *program.add_subcommand("fit", kDescription);
  command.footer(kFooter);
  command.add_option("data", flags.data, "CSV file")->required();
  command.add_option("--law", flags.law, help_of_laws())->required()->check(CLI::IsMember(law_names()));
  add_columns(command, flags.selection);
  add_conditions(command, "--where", flags.selection.where, "the rows that enter; may be repeated, all must hold");
  command.add_option("--pair", flags.pair, "paired: the two arms")->type_name("COL=A,B");
  command.add_option("--size", flags.size, "paired: runs of the same value make a pair")->type_name("COL");
  add_method(command, flags);
  add_results(command, flags);
  return command;
}

}  // namespace mobasim::cli
