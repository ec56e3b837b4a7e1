// What bench compare reads: a profile, and the samples and the provenance beside it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "kernels/bench/compare.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

using Fields = std::map<std::string, std::string>;

bool is_whole_value(const std::string& value) {
  if (value.empty()) return false;
  switch (value.front()) {
    case '"':
      return value.size() > 1 && value.back() == '"';
    case '[':
      return value.back() == ']';
    default:
      return value.find_first_of(" \"]},") == std::string::npos;
  }
}

// Fields of a provenance file as bench writes it: one a line. Nothing where it is not so.
std::optional<Fields> fields_of(const std::string& json) {
  Fields fields;
  std::istringstream stream(json);
  std::string line;
  if (!std::getline(stream, line) || line != "{") return std::nullopt;
  for (bool more = true; std::getline(stream, line) && line != "}";) {
    const std::size_t first = line.find('"'), last = line.find("\": ");
    if (!more || first == std::string::npos || last == std::string::npos || last <= first) return std::nullopt;
    std::string value = line.substr(last + 3);
    more = value.ends_with(',');
    if (more) value.pop_back();
    if (!is_whole_value(value)) return std::nullopt;
    fields[line.substr(first + 1, last - first - 1)] = value;
  }
  if (line != "}" || std::getline(stream, line) || fields.empty()) return std::nullopt;
  return fields;
}

void read_provenance(const std::filesystem::path& file, Measurements& out) {
  if (!std::filesystem::exists(file)) return;
  std::string why = "is not as bench writes it";
  try {
    if (const auto fields = fields_of(text_of_file(file))) {
      out.provenance = *fields;
      return;
    }
  } catch (const ConfigError& error) {
    why = error.problems().front().what;
  }
  out.warnings.push_back(fmt::format("{}: {}; machine and program are not compared by it", file.string(), why));
}

}  // namespace

Measurements measurements_from(const std::filesystem::path& profile) {
  Measurements out{profile, read_profile(profile), {}, {}, {}};
  out.samples.resize(out.rows.size());
  const std::string ending = ".profile.csv", text = profile.string();
  if (!text.ends_with(ending)) return out;
  const std::string stem = text.substr(0, text.size() - ending.size());
  read_provenance(stem + ".provenance.json", out);
  const std::filesystem::path beside = stem + ".samples.csv";
  if (!std::filesystem::exists(beside)) return out;
  const CsvTable table = CsvTable::read(beside);
  const std::size_t row = table.column("row"), time = table.column("time_s");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const std::int64_t number = table.whole_number(i, row);
    if (number < 1 || number > static_cast<std::int64_t>(out.rows.size())) {
      throw ConfigError(table.where(i, row),
                        fmt::format("row {} is not in {}, which has {}", number, text, out.rows.size()));
    }
    if (table.has_column("kept") && table.text(i, table.column("kept")) == "false") continue;
    out.samples[static_cast<std::size_t>(number - 1)].push_back(table.number(i, time));
  }
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    const std::int64_t there = static_cast<std::int64_t>(out.samples[i].size());
    if (there == 0 || there == out.rows[i].samples) continue;
    throw ConfigError({beside.string()}, fmt::format("row {} has {} samples and {} in {}: the files are of two benches",
                                                     i + 1, there, out.rows[i].samples, text));
  }
  return out;
}

std::filesystem::path profile_in(const std::filesystem::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().string().ends_with(".profile.csv")) found.push_back(entry.path().filename().string());
  }
  std::sort(found.begin(), found.end());
  if (found.size() == 1) return folder / found[0];
  throw ConfigError(found.empty()
                        ? fmt::format("{} has no file NAME.profile.csv", folder.string())
                        : fmt::format("{} has several profiles, name one: {}", folder.string(), joined(found)));
}

}  // namespace mobasim::kernels::bench
