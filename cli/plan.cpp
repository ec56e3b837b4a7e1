// mobasim plan: time, memory and money of one training run.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "sim/base/text.h"
#include "sim/base/units_text.h"
#include "sim/named_file.h"
#include "sim/run_cost.h"

namespace mobasim::cli {
namespace {

struct Options {
  std::string run, device, price, attention;
  bool breakdown = false;
  Output output;
};

ConfigMap attention_map(ConfigFile& file) { return file.root().map("attention"); }

std::vector<std::string> parameter_names(const std::string& mechanism) {
  ConfigFile file = ConfigFile::from_text("attention: {mechanism: " + mechanism + "}", "");
  std::vector<std::string> names;
  for (const auto& [parameter, value] : parameters(attention_from(attention_map(file)))) names.push_back(parameter);
  return names;  // that the values are missing does not matter here: the file is not finished
}

// "full", "moba:512:3", "sliding_window:4096": a mechanism and its parameters in their order.
Attention attention_of_flag(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(':', from), text.size());
    words.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  const auto& names = attention_names();
  if (std::find(names.begin(), names.end(), words.front()) == names.end()) {
    throw ConfigError(fmt::format("--attention {}: '{}' is unknown{}; allowed: {}", text, words.front(),
                                  suggestion(words.front(), names), joined(names)));
  }
  const auto wanted = parameter_names(words.front());
  std::string form = words.front();
  for (const std::string& parameter : wanted) form += ":" + parameter;
  std::string yaml = "{mechanism: " + words.front();
  if (words.size() != wanted.size() + 1) {
    throw ConfigError(fmt::format("--attention {}: wanted is {}", text, form));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) yaml += ", " + wanted[i] + ": " + words[i + 1];
  ConfigFile file = ConfigFile::from_text("attention: " + yaml + "}", "");
  const Attention attention = attention_from(attention_map(file));
  try {
    file.finish();
  } catch (const ConfigError& error) {  // its places are of a text that the user has not written
    std::vector<Problem> problems;
    for (const Problem& problem : error.problems()) problems.push_back({{"--attention " + text}, problem.what});
    throw ConfigError(problems);
  }
  return attention;
}

RunOverrides overrides_of(const Options& options) {
  RunOverrides overrides;
  if (!options.device.empty()) overrides.device = options.device;
  if (!options.attention.empty()) overrides.attention = attention_of_flag(options.attention);
  if (!options.price.empty()) {
    const ParsedQuantity price = parsed_quantity(options.price, dimension_of(DollarRate{}));
    if (!price.value) throw ConfigError("--price: " + price.problem);
    if (*price.value < 0) throw ConfigError("--price: a price must not be negative");
    overrides.price = DollarRate(*price.value);
  }
  return overrides;
}

// A RUN.yaml by its path, or by its name in configs/runs.
std::filesystem::path run_file(const std::string& run) {
  const std::filesystem::path file = file_named(run, config_folder() / "runs", "");
  if (const std::string problem = problem_of_name(run, file); !problem.empty()) throw ConfigError(problem);
  return file;
}

Cell dollars(const std::optional<Dollars>& price) { return price ? Cell(price->value()) : Cell(); }

Table row_of(const Run& run, const RunCost& cost) {
  Table table;
  std::vector<Cell> cells;
  const auto put = [&](std::string column, Cell cell) {
    table.columns.push_back(std::move(column));
    cells.push_back(std::move(cell));
  };
  put("run", run.name);
  put("model", run.model.name);
  put("device", run.device.name);
  put("attention", attention_description(run.model));
  put("sequence", run.workload.sequence);
  put("global_batch", run.workload.global_batch);
  put("microbatch", run.workload.microbatch);
  put("data", run.layout.data);
  put("zero_stage", run.layout.zero_stage);
  put("tokens", run.workload.tokens);
  put("steps", cost.steps);
  put("step_time_s", cost.step_time.value());
  put("step_time_lo_s", cost.step_time_lo.value());
  put("step_time_hi_s", cost.step_time_hi.value());
  put("run_time_s", cost.run_time.value());
  put("run_time_lo_s", cost.run_time_lo.value());
  put("run_time_hi_s", cost.run_time_hi.value());
  put("gpu_hours", cost.device_hours);
  put("gpu_hours_lo", cost.device_hours_lo);
  put("gpu_hours_hi", cost.device_hours_hi);
  put("price_usd", dollars(cost.price));
  put("price_lo_usd", dollars(cost.price_lo));
  put("price_hi_usd", dollars(cost.price_hi));
  put("mfu", cost.mfu);
  put("step_model_flops", cost.step_model_flops.value());
  put("run_model_flops", cost.run_model_flops.value());
  put("run_6nd_flops", cost.run_6nd.value());
  put("peak_memory_bytes", cost.peak_memory.value());
  put("device_memory_bytes", run.device.memory.value());
  put("fits", cost.fits);
  put("basis", std::string(name(cost.basis)));
  table.rows.push_back(std::move(cells));
  return table;
}

// The parts of a step in time and of the peak in memory. `share` is of the step's time or of the peak.
Table breakdown_of(const RunCost& cost) {
  Table table{{"kind", "part", "time_s", "time_lo_s", "time_hi_s", "bytes", "share", "basis", "note"}, {}};
  const auto time_row = [&](const StepPart& part) {
    const bool any = part.time > Seconds(0);
    table.rows.push_back({std::string("time"), part.name, part.time.value(), part.lo.value(), part.hi.value(), Cell(),
                          part.time / cost.step_time, any ? Cell(std::string(name(part.basis))) : Cell(), part.note});
  };
  for (const StepPart& part : cost.step_parts) time_row(part);
  time_row({"step", cost.step_time, cost.step_time_lo, cost.step_time_hi, cost.basis, ""});
  for (const MemoryPart& part : cost.memory_parts) {
    table.rows.push_back({std::string("memory"), part.name, Cell(), Cell(), Cell(), part.bytes.value(),
                          part.bytes / cost.peak_memory, Cell(), Cell()});
  }
  table.rows.push_back({std::string("memory"), std::string("peak"), Cell(), Cell(), Cell(), cost.peak_memory.value(),
                        1.0, Cell(), std::string(cost.fits ? "fits" : "does not fit")});
  return table;
}

int plan(const Options& options) {
  const Run run = run_from(run_file(options.run), config_folder(), overrides_of(options));
  const RunCost cost = cost_of(run);
  for (const std::string& note : cost.notes) tell("note: " + note);
  if (run.device.price && !run.device.price_source.empty()) tell("note: price: " + run.device.price_source);
  print(options.breakdown ? breakdown_of(cost) : row_of(run, cost), options.output);
  return 0;
}

}  // namespace

void add_plan(CLI::App& program, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("plan", R"(Time, memory and money of a training run.

Examples:
  mobasim plan configs/runs/moba-1.5b-32k.yaml
  mobasim plan moba-1.5b-32k --attention full --breakdown --format table
  mobasim plan quickstart-tiny --device out/cpu-local.yaml --price '0.05 $/h')");
  command->add_option("run", options->run, "a RUN.yaml, or the name of one in configs/runs")->required();
  command->add_option("--device", options->device,
                      "another device than the run's: a name in configs/devices, or a file");
  command->add_option("--price", options->price, "per device, as in '2.50 $/h'");
  command->add_option("--attention", options->attention,
                      "of every layer: full, moba:BLOCK:TOP_K, sliding_window:WINDOW");
  command->add_flag("--breakdown", options->breakdown, "print the parts of the step and of the memory instead");
  add_output_options(*command, options->output);
  command->callback([options, &chosen] { chosen = [options] { return plan(*options); }; });
}

}  // namespace mobasim::cli
