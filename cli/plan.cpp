// mobasim plan: time, memory and money of one training run.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "sim/base/error.h"
#include "sim/base/integer_text.h"
#include "sim/base/text.h"
#include "sim/cost/run_cost.h"
#include "sim/run/run_file.h"
#include "sim/search/nearest_layout.h"
#include "sim/search/remedies.h"

namespace mobasim::cli {
namespace {

struct Options {
  std::string run, device, stack, price, attention;
  bool breakdown = false;
  Output output;
};

// "full", "moba:512:3", "sliding_window:4096": a mechanism and its parameters in their order.
Attention attention_of_flag(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(':', from), text.size());
    words.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  const auto refused = [&](const std::string& why) { return ConfigError("--attention " + text + ": " + why); };
  for (Attention mechanism : attention_mechanisms()) {
    if (name(mechanism) != words.front()) continue;
    std::string form = words.front();
    std::vector<std::int64_t> values;
    for (const auto& [parameter, value] : parameters(mechanism)) form += ":" + parameter;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const ParsedInteger parsed = parsed_integer(words[i]);
      if (!parsed.value) throw refused(parsed.problem + "; wanted is " + form);
      values.push_back(*parsed.value);
    }
    if (values.size() != parameters(mechanism).size()) throw refused("wanted is " + form);
    set_parameters(mechanism, values);
    if (const auto found = violations(mechanism); !found.empty()) throw refused(joined(found, "; "));
    return mechanism;
  }
  throw refused(fmt::format("'{}' is unknown{}; allowed: {}", words.front(),
                            suggestion(words.front(), attention_names()), joined(attention_names())));
}

// As a RUN.yaml writes it: "{mechanism: moba, block: 512, top_k: 3}".
std::string yaml_of(const Attention& attention) {
  std::string text = fmt::format("{{mechanism: {}", name(attention));
  for (const auto& [parameter, value] : parameters(attention)) text += fmt::format(", {}: {}", parameter, value);
  return text + "}";
}

// The flags that stand for a value of the run's file. Throws ConfigError.
std::vector<Override> overrides_of(const Options& options) {
  std::vector<Override> overrides;
  const auto set_text = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) overrides.push_back({key, value, "--" + key, true});
  };
  set_text("device", options.device);
  set_text("stack", options.stack);
  if (!options.attention.empty()) {
    overrides.push_back({"attention", yaml_of(attention_of_flag(options.attention)), "--attention"});
  }
  (void)price_of_flag(options.price);
  set_text("price", options.price);
  return overrides;
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
  put("microbatch", run.execution.microbatch);
  put("data", run.execution.layout.data);
  put("tensor", run.execution.layout.tensor);
  put("sequence_parallel", run.execution.layout.sequence_parallel);
  put("context", run.execution.layout.context);
  put("context_algorithm",
      run.execution.layout.context > 1 ? Cell(std::string(name(run.execution.layout.context_algorithm))) : Cell());
  put("pipeline", run.execution.layout.pipeline);
  put("virtual_stages", run.execution.layout.virtual_stages);
  put("schedule", run.execution.layout.pipeline > 1 ? Cell(std::string(name(run.execution.layout.schedule))) : Cell());
  put("devices", devices(run.execution.layout));
  put("stack", run.stack.name);
  put("zero_stage", run.execution.layout.zero_stage);
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
  const Run run =
      run_from(config_file("runs", options.run), config_folder(), overrides_of(options), nearest_layout_text);
  const RunCost cost = cost_of(run);
  for (const std::string& note : cost.notes) tell("note: " + note);
  if (!cost.fits) {
    for (const std::string& remedy : remedies(run)) tell("note: memory: " + remedy);
  }
  if (run.device.price && !run.device.price_source.empty()) tell("note: price: " + run.device.price_source);
  print(options.breakdown ? breakdown_of(cost) : row_of(run, cost), options.output);
  return 0;
}

}  // namespace

void add_plan(Command program) {
  auto options = std::make_shared<Options>();
  Command command = program.command("plan", R"(Time, memory and money of a training run.

Examples:
  mobasim plan configs/runs/moba-1.5b-32k.yaml
  mobasim plan moba-1.5b-32k --attention full --breakdown --format table
  mobasim plan llama-3.1-405b-16k-h100 --stack generic
  mobasim plan quickstart-tiny --device out/cpu-local.yaml --price '0.05 $/h')");
  command.option("run", options->run, "a RUN.yaml, or the name of one in configs/runs").required();
  command.option("--device", options->device, "another device than the run's: a name in configs/devices, or a file");
  command.option("--stack", options->stack, "another software stack than the run's: a name in configs/stacks");
  command.option("--price", options->price, "per device, as in '2.50 $/h'");
  command.option("--attention", options->attention, "of every layer: full, moba:BLOCK:TOP_K, sliding_window:WINDOW");
  command.flag("--breakdown", options->breakdown, "print the parts of the step and of the memory instead");
  add_output_options(command, options->output);
  command.action([options] { return plan(*options); });
}

}  // namespace mobasim::cli
