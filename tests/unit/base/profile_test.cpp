#include "sim/base/profile.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::profile_test {
namespace {

ProfileRow example() {
  ProfileRow row;
  row.operation = "attention";
  row.mechanism = "moba";
  row.implementation = "mobasim_cpu";
  row.pass = "forward";
  row.dtype = "f32";
  row.sequence = 4096;
  row.batch = 1;
  row.heads = row.kv_heads = 2;
  row.head_dim = 64;
  row.block = 512;
  row.top_k = 3;
  row.flops = Flops(1.5e9);
  row.time = Seconds(0.012);
  row.time_lo = Seconds(0.0118);
  row.time_hi = Seconds(0.0125);
  row.samples = 20;
  row.source = "a CPU, 2 threads";
  return row;
}

// What a profile of these rows reads back as.
std::vector<ProfileRow> read_back(const std::vector<ProfileRow>& rows) {
  const tests::ScratchFolder folder;
  write_file(folder / "p.csv", rendered(profile_table(rows), TableFormat::csv));
  return read_profile(folder / "p.csv");
}

}  // namespace

TEST_CASE("a profile reads back as it was written") {
  const auto rows = read_back({example(), example()});
  REQUIRE(rows.size() == 2);
  CHECK(profile_table(rows).rows == profile_table({example(), example()}).rows);
}

TEST_CASE("a malformed profile is refused at the cell") {
  ProfileRow row = example();
  row.pass = "sideways";
  CHECK_THROWS_AS(read_back({row}), ConfigError);
  row = example();
  row.time = Seconds(1);  // outside its own quartiles
  CHECK_THROWS_AS(read_back({row}), ConfigError);
  row = example();
  row.time_lo = Seconds(-1);
  CHECK_THROWS_AS(read_back({row}), ConfigError);
}

TEST_CASE("how well a row was measured reads back, and a profile of before these columns is read without") {
  ProfileRow row = example();
  row.threads = 2;
  row.sampling = "time_out";
  row.discarded = 0;
  row.probe = FlopRate(1.5e11);
  const std::vector<ProfileRow> rows = read_back({row});
  CHECK(rows.at(0).threads == 2);
  CHECK(rows.at(0).sampling == "time_out");
  CHECK(rows.at(0).probe == FlopRate(1.5e11));
  const std::vector<std::string> added = {"threads", "sampling", "discarded", "probe_flop_per_s"};
  Table old{{}, {{}}};
  const Table table = profile_table({row});
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (std::find(added.begin(), added.end(), table.columns[i]) != added.end()) continue;
    old.columns.push_back(table.columns[i]);
    old.rows[0].push_back(table.rows[0][i]);
  }
  REQUIRE(old.columns.size() == table.columns.size() - added.size());
  const auto before = profile_rows(CsvTable::from_text(rendered(old, TableFormat::csv), "old.csv"));
  CHECK(before.at(0).sequence == row.sequence);
  CHECK(before.at(0).sampling.empty());
  CHECK(before.at(0).threads == 0);
  row.sampling = "lucky";
  CHECK_THROWS_AS(read_back({row}), ConfigError);
}

}  // namespace mobasim::tests::profile_test
