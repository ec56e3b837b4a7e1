#include "kernels/bench/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "kernels/layer/gemm.h"
#include "mobasim_version.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

constexpr const char* kFirstLine = "# An interrupted mobasim bench; --resume goes on with it.";

// Columns of a group beside those of a profile.
const std::vector<std::string>& group_columns() {
  static const std::vector<std::string> columns = {"group", "group_rows", "spent_s", "sample_times"};
  return columns;
}

// "time at probe kept;..."
std::string packed(const std::vector<RowSample>& samples) {
  std::vector<std::string> parts;
  for (const RowSample& s : samples) {
    parts.push_back(fmt::format("{} {} {} {}", shortest(s.time), shortest(s.at), shortest(s.probe), s.kept ? 1 : 0));
  }
  return joined(parts, ";");
}

std::vector<RowSample> unpacked(const std::string& text, const Location& where) {
  std::vector<RowSample> samples;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ';');) {
    std::istringstream stream(part);
    RowSample sample;
    if (!(stream >> sample.time >> sample.at >> sample.probe >> sample.kept)) {
      throw ConfigError(where, fmt::format("'{}' is no sample: a time, a place, a probe, and 0 or 1", part));
    }
    samples.push_back(sample);
  }
  return samples;
}

Table table_of(const FinishedGroup& group) {
  std::vector<ProfileRow> rows;
  for (const MeasuredRow& measured : group.rows) rows.push_back(measured.row);
  Table table = profile_table(rows);
  table.columns.insert(table.columns.begin(), group_columns().begin(), group_columns().end());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::vector<Cell> cells = {group.name, static_cast<std::int64_t>(rows.size()), group.spent.value(),
                                     packed(group.rows[i].samples)};
    table.rows[i].insert(table.rows[i].begin(), cells.begin(), cells.end());
  }
  return table;
}

std::string header(const Identity& identity) {
  std::string out = std::string(kFirstLine) + "\n";
  for (const auto& [name, value] : identity) out += fmt::format("# {}: {}\n", name, value);
  return out + rendered(table_of({}), TableFormat::csv);
}

void write_all(const std::filesystem::path& file, std::string_view content) {
  const std::string doing = "write " + file.string();
  const int target = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (target < 0) throw_system_error(doing);
  while (!content.empty()) {
    const ssize_t written = ::write(target, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 || (::fsync(target) != 0 && errno != EINVAL)) {
      const int error = errno;
      ::close(target);
      errno = error;
      throw_system_error(doing);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(target);
}

// Throws ConfigError where the first lines tell of another bench.
void check_identity(const std::filesystem::path& file, const std::string& text, const Identity& identity) {
  std::istringstream stream(text);
  std::string line;
  std::getline(stream, line);
  if (line != kFirstLine) throw ConfigError({file.string()}, "this is no interrupted bench");
  Identity found;
  while (stream.peek() == '#' && std::getline(stream, line)) {
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) found.emplace_back(line.substr(2, colon - 2), line.substr(colon + 2));
  }
  std::vector<std::string> differing;
  for (const auto& [name, value] : identity) {
    const auto there = std::find_if(found.begin(), found.end(), [&, &n = name](const auto& f) { return f.first == n; });
    const std::string before = there == found.end() ? "not told" : there->second;
    if (before != value) differing.push_back(fmt::format("{} was '{}' and is '{}'", name, before, value));
  }
  if (differing.empty()) return;
  throw ConfigError({file.string()}, fmt::format("this bench cannot be resumed: {}. Without --resume it begins anew",
                                                 joined(differing)));
}

std::vector<FinishedGroup> groups_in(const CsvTable& table) {
  const std::vector<ProfileRow> rows = profile_rows(table);
  std::vector<FinishedGroup> groups;
  std::int64_t missing = 0;  // rows of the last group
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (missing == 0) {
      groups.push_back(
          {std::string(table.text(i, table.column("group"))), Seconds(table.number(i, table.column("spent_s"))), {}});
      missing = table.whole_number(i, table.column("group_rows"));
    }
    const std::size_t column = table.column("sample_times");
    groups.back().rows.push_back({rows[i], unpacked(std::string(table.text(i, column)), table.where(i, column))});
    --missing;
  }
  if (missing > 0) groups.pop_back();
  std::vector<FinishedGroup> last;  // of the visits to a group the last, which has the samples of all
  for (FinishedGroup& group : groups) {
    std::erase_if(last, [&](const FinishedGroup& before) { return before.name == group.name; });
    last.push_back(std::move(group));
  }
  return last;
}

}  // namespace

Identity identity_of(const Options& options) {
  const Machine machine = this_machine();
  std::vector<std::string> dtypes;
  for (const Dtype dtype : options.dtypes) dtypes.emplace_back(name(dtype));
  const auto list = [](const std::vector<std::string>& words) { return words.empty() ? "all" : joined(words); };
  return {{"program", fmt::format("{} {}", kVersion, kCommit)},
          {"build", program_hash()},
          {"products", product_library()},
          {"processor", machine.cpu_model},
          {"system", machine.system},
          {"affinity", affinity()},
          {"openmp", openmp_settings()},
          {"threads", fmt::format("{}", options.threads)},
          {"instruction set", options.instruction_set},
          {"dtype", joined(dtypes)},
          {"only", list(options.only)},
          {"case", list(options.cases)},
          {"seed", fmt::format("{}", options.seed)}};
}

Journal::Journal(std::filesystem::path file, const Identity& identity) : file_(std::move(file)) {
  write_file(file_, header(identity));
}

Journal Journal::resumed(std::filesystem::path file, const Identity& identity) {
  std::string text = text_of_file(file);
  check_identity(file, text, identity);
  text.erase(text.rfind('\n') + 1);  // a line that was cut off
  Journal journal(std::move(file));
  journal.groups_ = groups_in(CsvTable::from_text(text, journal.file_.string()));
  std::string whole = header(identity);
  for (const FinishedGroup& group : journal.groups_) {
    const std::string lines = rendered(table_of(group), TableFormat::csv);
    whole += lines.substr(lines.find('\n') + 1);
  }
  write_file(journal.file_, whole);
  return journal;
}

void Journal::append(const FinishedGroup& group) {
  const std::string lines = rendered(table_of(group), TableFormat::csv);
  write_all(file_, std::string_view(lines).substr(lines.find('\n') + 1));
}

void Journal::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace mobasim::kernels::bench
