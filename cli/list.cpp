// mobasim list: what is shipped and what there is to choose from.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "cli/command.h"
#include "fit/loss_law.h"
#include "sim/attention/attention.h"
#include "sim/base/config.h"
#include "sim/base/text.h"
#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/stack/calibration.h"
#include "sim/stack/stack.h"

namespace mobasim::cli {
namespace {

using Row = std::vector<Cell>;
using Path = std::filesystem::path;

// The YAML files of a kind, sorted; none where there is no such folder.
std::vector<Path> files_of(const std::string& kind) {
  if (!std::filesystem::is_directory(config_folder())) {
    throw ConfigError(
        fmt::format("{}: no such folder of configs; name one in MOBASIM_CONFIGS", config_folder().string()));
  }
  std::vector<Path> files;
  const Path folder = config_folder() / kind;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename() == kCalibrationFile) continue;  // of the stacks, no stack itself
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A row a file. Every file that cannot be read is reported, not only the first.
Table table_of_files(const std::string& kind, std::vector<std::string> columns,
                     const std::function<Row(const Path&)>& row_of) {
  Table table{std::move(columns), {}};
  std::vector<Problem> problems;
  for (const Path& file : files_of(kind)) {
    try {
      table.rows.push_back(row_of(file));
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return table;
}

// The first group's value where all groups agree; otherwise nothing.
Cell common(const ModelShape& model, std::int64_t LayerGroup::*value) {
  const std::int64_t first = model.groups.front().*value;
  const bool agree = std::all_of(model.groups.begin(), model.groups.end(),
                                 [&](const LayerGroup& group) { return group.*value == first; });
  return agree ? Cell(first) : Cell();
}

Row row_of_model(const Path& file) {
  const ModelShape model = model_from(file);
  const ParameterCount count = parameters(model);
  return {model.name,
          count.total,
          count.active,
          count.non_embedding,
          layers(model),
          model.hidden,
          common(model, &LayerGroup::heads),
          common(model, &LayerGroup::kv_heads),
          common(model, &LayerGroup::head_dim),
          attention_description(model),
          joined(model.assumed, " "),
          model.source};
}

Row row_of_device(const Path& file) {
  const Device device = device_from(file);
  const auto bf16 = device.peak.find("bf16"), f32 = device.peak.find("f32");
  return {device.name,
          bf16 == device.peak.end() ? Cell() : Cell(bf16->second.value()),
          f32 == device.peak.end() ? Cell() : Cell(f32->second.value()),
          device.memory.value(),
          device.memory_bandwidth.value(),
          device.devices_per_node,
          device.link_bandwidth.value(),
          device.network_bandwidth.value(),
          device.price ? Cell(*device.price * kHour / Dollars(1)) : Cell(),
          static_cast<std::int64_t>(device.profile.size()),
          device.source};
}

// The constants that the stack's calibration fits, with their values where it has one: "product=1.02 attention=0.97".
std::string fitted_constants(const Stack& stack) {
  std::vector<std::string> words;
  for (const StackConstant constant : stack.fitted) {
    std::string word = stack_constant_names()[static_cast<std::size_t>(constant)];
    if (stack.evidence) word += fmt::format("={:.4g}", stack.constants[constant]);
    words.push_back(std::move(word));
  }
  return joined(words, " ");
}

Table table_of_stacks() {
  std::vector<Stack> stacks;
  table_of_files("stacks", {}, [&](const Path& file) {
    stacks.push_back(stack_from(file));
    return Row();
  });
  const Path calibration = config_folder() / "stacks" / kCalibrationFile;
  if (std::filesystem::exists(calibration)) calibrate(stacks, calibration);
  Table table{{"name", "calibrated", "rows", "sources", "spread", "fitted", "source"}, {}};
  for (const Stack& stack : stacks) {
    const auto& evidence = stack.evidence;
    table.rows.push_back({stack.name, evidence.has_value(), evidence ? Cell(evidence->rows) : Cell(),
                          evidence ? Cell(joined(evidence->sources, " ")) : Cell(),
                          evidence ? Cell(evidence->spread) : Cell(), fitted_constants(stack), stack.source});
  }
  return table;
}

// Runs and studies rest on other files; here only what they say about themselves is read.
Row row_of_sourced(const Path& file) {
  const ConfigFile config = ConfigFile::read(file);
  ConfigMap root = config.root();
  if (!root.has("source")) throw ConfigError(root.where(), "the key 'source' is missing");
  return {file.stem().string(), root.text("source")};
}

template <class... Laws>
Table table_of_laws(const std::variant<Laws...>*) {
  const auto words = [](const auto& names) { return joined({names.begin(), names.end()}, " "); };
  return {{"law", "parameters"}, {{std::string(Laws::kName), words(Laws::kParameters)}...}};
}

// With the parameters that a mechanism has when none are given.
Table table_of_attention() {
  const std::vector<std::int64_t> sequences = {8192, 32768, 131072, 1048576};
  Table table{{"mechanism", "parameters", "example"}, {}};
  for (const std::int64_t sequence : sequences) table.columns.push_back(fmt::format("keys_per_query_{}", sequence));
  for (const Attention& mechanism : attention_mechanisms()) {
    std::vector<std::string> names;
    for (const auto& [parameter, value] : parameters(mechanism)) names.push_back(parameter);
    Row row = {std::string(name(mechanism)), joined(names, " "), description(mechanism)};
    for (const std::int64_t sequence : sequences) {
      row.emplace_back(static_cast<double>(count(mechanism, sequence).pairs) / static_cast<double>(sequence));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

struct Kind {
  std::string name;
  std::function<Table()> table;
  bool files = true;  // a folder of configs; else a list of the program
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list = {
      {"models",
       [] {
         return table_of_files("models",
                               {"name", "parameters", "active_parameters", "non_embedding_parameters", "layers",
                                "hidden", "heads", "kv_heads", "head_dim", "attention", "assumed", "source"},
                               row_of_model);
       }},
      {"devices",
       [] {
         return table_of_files("devices",
                               {"name", "peak_bf16_flop_per_s", "peak_f32_flop_per_s", "memory_bytes",
                                "memory_bandwidth_bytes_per_s", "devices_per_node", "link_bandwidth_bytes_per_s",
                                "network_bandwidth_bytes_per_s", "price_usd_per_hour", "profile_rows", "source"},
                               row_of_device);
       }},
      {"stacks", table_of_stacks},
      {"studies",
       [] {
         return table_of_files("studies", {"name", "source"}, row_of_sourced);
       }},
      {"runs",
       [] {
         return table_of_files("runs", {"name", "source"}, row_of_sourced);
       }},
      {"laws", [] { return table_of_laws(static_cast<const LossLaw*>(nullptr)); }, false},
      {"attention", table_of_attention, false},
  };
  return list;
}

// What can be listed, and how many there are of it.
Table overview() {
  Table table{{"kind", "count", "folder"}, {}};
  for (const Kind& kind : kinds()) {
    const std::size_t count = kind.files ? files_of(kind.name).size() : kind.table().rows.size();
    table.rows.push_back({kind.name, static_cast<std::int64_t>(count),
                          kind.files ? Cell((config_folder() / kind.name).string()) : Cell()});
  }
  return table;
}

int list(const std::string& wanted, const Output& output) {
  for (const Kind& kind : kinds()) {
    if (kind.name == wanted) return print(kind.table(), output), 0;
  }
  print(overview(), output);
  return 0;
}

}  // namespace

void add_list(Command program) {
  Command command = program.command("list", R"(What is shipped and what there is to choose from.

Examples:
  mobasim list
  mobasim list models --format table
  mobasim list attention)");
  auto kind = std::make_shared<std::string>();
  auto output = std::make_shared<Output>();
  std::vector<std::string> names;
  for (const Kind& each : kinds()) names.push_back(each.name);
  command.option("kind", *kind, joined(names) + "; without it, how many there are").one_of(names);
  add_output_options(command, *output);
  command.action([kind, output] { return list(*kind, *output); });
}

}  // namespace mobasim::cli
