// mobasim list: what is shipped and what there is to choose from.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "cli/command.h"
#include "fit/law_list.h"
#include "sim/attention/attention_list.h"
#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/device/device_list.h"
#include "sim/model/model_list.h"
#include "sim/stack/stack_list.h"

namespace mobasim::cli {
namespace {

std::filesystem::path folder_of(const std::string& kind) { return config_folder() / kind; }

FileList files_of(const std::string& kind) { return yaml_files(folder_of(kind)); }

struct Kind {
  std::string name;
  std::function<Table()> table;
  std::function<FileList()> files = {};  // of a folder of configs; else it is a list of the program
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list = {
      {"models", [] { return model_list(files_of("models")); }, [] { return files_of("models"); }},
      {"devices", [] { return device_list(files_of("devices")); }, [] { return files_of("devices"); }},
      {"stacks", [] { return stack_list(folder_of("stacks")); }, [] { return stack_files(folder_of("stacks")); }},
      {"studies", [] { return source_list(files_of("studies")); }, [] { return files_of("studies"); }},
      {"runs", [] { return source_list(files_of("runs")); }, [] { return files_of("runs"); }},
      {"laws", law_list},
      {"attention", attention_list},
  };
  return list;
}

// What can be listed, and how many there are of it.
Table overview() {
  Table table{{"kind", "count", "folder"}, {}};
  for (const Kind& kind : kinds()) {
    const std::size_t count = kind.files ? kind.files().size() : kind.table().rows.size();
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
