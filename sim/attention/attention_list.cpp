#include "sim/attention/attention_list.h"

#include <fmt/format.h>

#include "sim/attention/attention.h"
#include "sim/base/text.h"

namespace mobasim {

Table attention_list() {
  const std::vector<std::int64_t> sequences = {8192, 32768, 131072, 1048576};
  Table table{{"mechanism", "parameters", "example"}, {}};
  for (const std::int64_t sequence : sequences) table.columns.push_back(fmt::format("keys_per_query_{}", sequence));
  for (const Attention& mechanism : attention_mechanisms()) {
    std::vector<std::string> names;
    for (const auto& [parameter, value] : parameters(mechanism)) names.push_back(parameter);
    std::vector<Cell> row = {std::string(name(mechanism)), joined(names, " "), description(mechanism)};
    for (const std::int64_t sequence : sequences) {
      row.emplace_back(static_cast<double>(count(mechanism, sequence).pairs) / static_cast<double>(sequence));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace mobasim
