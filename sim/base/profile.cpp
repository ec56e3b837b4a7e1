#include "sim/base/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/csv.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

struct CountColumn {
  const char* name;
  std::int64_t ProfileRow::*member;
};
constexpr CountColumn kCounts[] = {
    {"sequence", &ProfileRow::sequence},
    {"batch", &ProfileRow::batch},
    {"heads", &ProfileRow::heads},
    {"kv_heads", &ProfileRow::kv_heads},
    {"head_dim", &ProfileRow::head_dim},
    {"block", &ProfileRow::block},
    {"top_k", &ProfileRow::top_k},
    {"window", &ProfileRow::window},
    {"m", &ProfileRow::m},
    {"n", &ProfileRow::n},
    {"k", &ProfileRow::k},
    {"hidden", &ProfileRow::hidden},
    {"ffn", &ProfileRow::ffn},
    {"threads", &ProfileRow::threads},
};

struct TextColumn {
  const char* name;
  std::string ProfileRow::*member;
};
constexpr TextColumn kTexts[] = {
    {"operation", &ProfileRow::operation},
    {"mechanism", &ProfileRow::mechanism},
    {"implementation", &ProfileRow::implementation},
    {"pass", &ProfileRow::pass},
    {"dtype", &ProfileRow::dtype},
};

// One row of the file; its problems name the cell.
class RowReader {
 public:
  RowReader(const CsvTable& table, std::size_t row) : table_(table), row_(row) {}

  [[nodiscard]] bool has(std::string_view column) const { return table_.has_column(column); }
  [[nodiscard]] std::string text(std::string_view column) const {
    return std::string(table_.text(row_, table_.column(column)));
  }
  [[nodiscard]] std::string choice(std::string_view column, const std::vector<std::string>& allowed) const {
    const std::string word = text(column);
    if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) return word;
    throw ConfigError(where(column), fmt::format("column '{}': '{}' is unknown{}; allowed: {}", column, word,
                                                 suggestion(word, allowed), joined(allowed)));
  }
  // 0 where the cell is empty.
  [[nodiscard]] std::int64_t count(std::string_view column) const {
    const std::size_t index = table_.column(column);
    if (table_.empty(row_, index)) return 0;
    const std::int64_t value = table_.whole_number(row_, index);
    if (value < 0) throw ConfigError(where(column), fmt::format("column '{}': {} is negative", column, value));
    return value;
  }
  [[nodiscard]] double number(std::string_view column) const {
    const std::size_t index = table_.column(column);
    return table_.empty(row_, index) ? 0 : table_.number(row_, index);
  }
  [[nodiscard]] double positive(std::string_view column) const {
    const double value = table_.number(row_, table_.column(column));
    if (value <= 0) throw ConfigError(where(column), fmt::format("column '{}': a time must be > 0", column));
    return value;
  }
  [[nodiscard]] Location where(std::string_view column) const { return table_.where(row_, table_.column(column)); }

 private:
  const CsvTable& table_;
  std::size_t row_;
};

ProfileRow row_from(const RowReader& reader) {
  ProfileRow row;
  for (const TextColumn& column : kTexts) row.*column.member = reader.text(column.name);
  row.operation = reader.choice(
      "operation", {"attention", "gemm", "memory_copy", "memory_read", "memory_triad", "fma_peak", "layer"});
  if (row.operation == "attention" || row.operation == "layer")
    row.pass = reader.choice("pass", {"forward", "backward", "forward_backward"});
  for (const CountColumn& column : kCounts) {
    const std::string_view of = column.name;
    const bool later = of == "threads" || of == "hidden" || of == "ffn";  // than the first files
    if (!later || reader.has(of)) row.*column.member = reader.count(of);
  }
  row.flops = Flops(reader.number("flops"));
  row.bytes = Bytes(reader.number("bytes"));
  row.time = Seconds(reader.positive("time_s"));
  row.time_lo = Seconds(reader.positive("time_lo_s"));
  row.time_hi = Seconds(reader.positive("time_hi_s"));
  if (row.time_lo > row.time || row.time > row.time_hi) {
    throw ConfigError(reader.where("time_s"), "time_lo_s <= time_s <= time_hi_s does not hold");
  }
  row.samples = reader.count("samples");
  row.basis = *basis_named(reader.choice("basis", {"measured", "published"}));
  row.source = reader.text("source");
  if (reader.has("sampling"))
    row.sampling = reader.choice("sampling", {"", "settled", "rounds", "time_out", "disturbed"});
  if (reader.has("discarded")) row.discarded = reader.count("discarded");
  if (reader.has("probe_flop_per_s")) row.probe = FlopRate(reader.number("probe_flop_per_s"));
  return row;
}

}  // namespace

const std::vector<std::string>& profile_columns() {
  static const std::vector<std::string> columns = [] {
    std::vector<std::string> names;
    for (const TextColumn& column : kTexts) names.emplace_back(column.name);
    for (const CountColumn& column : kCounts) names.emplace_back(column.name);
    for (const char* name : {"flops", "bytes", "time_s", "time_lo_s", "time_hi_s", "samples", "basis", "source",
                             "sampling", "discarded", "probe_flop_per_s"}) {
      names.emplace_back(name);
    }
    return names;
  }();
  return columns;
}

Table profile_table(const std::vector<ProfileRow>& rows) {
  Table table{profile_columns(), {}};
  const auto unless_zero = [](auto value) { return value == decltype(value){} ? Cell{} : Cell{value}; };
  for (const ProfileRow& row : rows) {
    std::vector<Cell> cells;
    for (const TextColumn& column : kTexts) cells.emplace_back(row.*column.member);
    for (const CountColumn& column : kCounts) cells.push_back(unless_zero(row.*column.member));
    cells.push_back(unless_zero(row.flops.value()));
    cells.push_back(unless_zero(row.bytes.value()));
    for (const Seconds time : {row.time, row.time_lo, row.time_hi}) cells.emplace_back(time.value());
    cells.push_back(unless_zero(row.samples));
    cells.emplace_back(std::string(name(row.basis)));
    cells.emplace_back(row.source);
    cells.emplace_back(row.sampling);
    cells.push_back(row.sampling.empty() ? Cell{} : Cell{row.discarded});
    cells.push_back(unless_zero(row.probe.value()));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::vector<ProfileRow> profile_rows(const CsvTable& table) {
  std::vector<ProfileRow> rows;
  for (std::size_t row = 0; row < table.rows(); ++row) rows.push_back(row_from(RowReader(table, row)));
  return rows;
}

std::vector<ProfileRow> read_profile(const std::filesystem::path& path) { return profile_rows(CsvTable::read(path)); }

double standard_error(const ProfileRow& row) {
  if (row.samples < 1 || !(row.time > Seconds(0))) return 0;
  return (row.time_hi - row.time_lo) / row.time / 1.349 * 1.2533 / std::sqrt(static_cast<double>(row.samples));
}

}  // namespace mobasim
