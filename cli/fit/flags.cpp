// The flags of `mobasim fit` and what --help says of them; what they mean is in options.cpp.

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

void add_columns(Command command, Selection& selection) {
  command.option("--compute", selection.x, "column of x for p2, p3 and paired; its unit is the law's")
      .named_in_help("COL");
  command.option("--parameters", selection.parameters, "column of N for chinchilla").named_in_help("COL");
  command.option("--tokens", selection.tokens, "column of D for chinchilla; any unit").named_in_help("COL");
  command.option("--loss", selection.loss, "column of the loss; rows without it are dropped")
      .required()
      .named_in_help("COL");
  const auto columns = [&](const char* flag, std::vector<std::string>& into, const char* help) {
    command.option(flag, into, help).separated_by(',').one_word_each().named_in_help("COL[,COL]");
  };
  columns("--by", selection.by, "one fit per combination of these columns' values");
  columns("--run", selection.run, "what tells training runs apart; points of one run are not independent");
  command.option("--cluster", selection.cluster, "runs (without --run: rows) of one value are not independent")
      .named_in_help("COL");
  command.option("--weight", selection.weight, "weight of a point in the objective, above 0").named_in_help("COL");
}

void add_conditions(Command command, const char* flag, std::vector<std::string>& into, const char* help) {
  command.option(flag, into, help).one_word_each().named_in_help("CONDITION");
}

void add_method(Command command, FitFlags& flags) {
  command.option("--points", flags.points, "all, last, tail:F, mean:F or after:F (as in tail:0.05)").default_in_help();
  command.option("--huber-delta", flags.huber_delta, "residuals of the log beyond it count less").named_in_help("D");
  command.flag("--squares", flags.squares, "every residual counts by its square: the default");
  command.option("--bootstrap", flags.bootstrap, "intervals from so many resamples of clusters").named_in_help("N");
  command.option("--seed", flags.seed, "of the resamples; 1 if not given").named_in_help("S");
  command.option("--threads", flags.threads, "how many; 0: one a core; the result is the same")
      .named_in_help("T")
      .default_in_help();
  command.flag("--backtest", flags.backtest, "fit to the smaller runs, predict the larger ones");
}

void add_results(Command command, FitFlags& flags) {
  command.option("--project", flags.project, "the loss there: X,.. or, for chinchilla, N:D,..").named_in_help("X,..");
  command.option("--project-from", flags.project_from, "the same for the rows of a CSV with the same columns")
      .named_in_help("FILE.csv");
  add_conditions(command, "--project-where", flags.project_where, "the rows of that CSV; may be repeated");
  command.option("--projections", flags.projections, "CSV of the projections").named_in_help("FILE");
  command.option("--target-loss", flags.target_loss, "what it takes to reach a loss").named_in_help("L,..");
  command.option("--targets", flags.targets, "CSV of that").named_in_help("FILE");
  command
      .option("--x-is", flags.definition,
              "what compute (or parameters and tokens) count, for the report: '6 N D, N without embeddings'")
      .named_in_help("TEXT");
  command.option("--report", flags.report, "all about the fits, to be read").named_in_help("FILE.html|FILE.txt");
  add_output_options(command, flags.output);
}

}  // namespace

Command added_fit_command(Command program, FitFlags& flags) {
  Command command = program.command("fit", kDescription);
  command.footer(kFooter);
  command.option("data", flags.data, "CSV file").required();
  command.option("--law", flags.law, help_of_laws()).required().one_of(law_names());
  add_columns(command, flags.selection);
  add_conditions(command, "--where", flags.selection.where, "the rows that enter; may be repeated, all must hold");
  command.option("--pair", flags.pair, "paired: the two arms").named_in_help("COL=A,B");
  command.option("--size", flags.size, "paired: runs of the same value make a pair").named_in_help("COL");
  add_method(command, flags);
  add_results(command, flags);
  return command;
}

}  // namespace mobasim::cli
