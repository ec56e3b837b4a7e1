// mobasim plan: time, memory and money of one training run.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "sim/base/error.h"
#include "sim/base/integer_text.h"
#include "sim/base/text.h"
#include "sim/run/run_file.h"
#include "sim/search/nearest_layout.h"
#include "sim/search/plan_table.h"

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

int plan(const Options& options) {
  const std::filesystem::path file = config_file("runs", options.run);
  const Run run = run_from(file, config_folder(), overrides_of(options), nearest_layout_text);
  check_output(options.output.file, {file, run.device.profile_file});
  const RunCost cost = cost_of(run);
  for (const std::string& note : plan_notes(run, cost)) tell("note: " + note);
  print(options.breakdown ? breakdown_table(cost) : plan_table(run, cost), options.output);
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
