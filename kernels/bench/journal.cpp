#include "kernels/bench/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "kernels/layer/gemm.h"
#include "mobasim_version.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

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

JournalHead head_of(const Identity& identity) { return {"bench", identity, rendered(table_of({}), TableFormat::csv)}; }

// Of a group, without the columns.
std::string lines_of(const FinishedGroup& group) {
  const std::string csv = rendered(table_of(group), TableFormat::csv);
  return csv.substr(csv.find('\n') + 1);
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
          {"products", gemm_library()},
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

GroupJournal::GroupJournal(std::filesystem::path file, const Identity& identity)
    : journal_(std::move(file), head_of(identity)) {}

GroupJournal GroupJournal::resumed(std::filesystem::path file, const Identity& identity) {
  GroupJournal journal(Journal::resumed(std::move(file), head_of(identity)));
  journal.groups_ = groups_in(CsvTable::from_text(journal.journal_.text(), journal.journal_.file().string()));
  std::string lines;
  for (const FinishedGroup& group : journal.groups_) lines += lines_of(group);
  journal.journal_.keep(lines);
  return journal;
}

void GroupJournal::append(const FinishedGroup& group) const { journal_.append(lines_of(group)); }

}  // namespace mobasim::kernels::bench
