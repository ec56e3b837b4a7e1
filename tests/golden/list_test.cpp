// mobasim list: every shipped file has its row, broken files are reported, all of them.
#include <algorithm>
#include <sstream>

#include "sim/base/csv.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::list_test {
namespace {

std::size_t shipped(const std::string& kind) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "configs" / kind)) {
    count += entry.path().extension() == ".yaml" && entry.path().filename() != "calibration.yaml" ? 1 : 0;
  }
  return count;
}

CsvTable listed(const std::vector<std::string>& arguments) {
  const ScratchFolder folder;
  const Outcome outcome = outcome_of_program(arguments, folder.path());
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return CsvTable::from_text(outcome.out, "list.csv");
}

}  // namespace

TEST_CASE("list shows every shipped file of a kind, with its source") {
  for (const std::string kind : {"models", "devices", "stacks", "studies", "runs"}) {
    INFO(kind);
    const CsvTable table = listed({"list", kind});
    REQUIRE(table.rows() == shipped(kind));
    for (std::size_t row = 0; row < table.rows(); ++row) REQUIRE(!table.empty(row, table.column("source")));
  }
}

TEST_CASE("list alone counts what there is of each kind") {
  const CsvTable table = listed({"list"});
  REQUIRE(table.rows() == 7);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string kind(table.text(row, table.column("kind")));
    INFO(kind);
    const auto count = static_cast<std::size_t>(table.whole_number(row, table.column("count")));
    REQUIRE(count == listed({"list", kind}).rows());
  }
}

TEST_CASE("list models has exact counts") {
  const CsvTable table = listed({"list", "models"});
  std::size_t found = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.text(row, table.column("name")) != "llama-3.1-8b") continue;
    ++found;
    REQUIRE(table.text(row, table.column("parameters")) == "8030261248");
    REQUIRE(table.text(row, table.column("layers")) == "32");
    REQUIRE(table.text(row, table.column("kv_heads")) == "8");
  }
  REQUIRE(found == 1);
}

TEST_CASE("list stacks says which are calibrated, on what, and what is fitted") {
  const CsvTable table = listed({"list", "stacks"});
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string fitted(table.text(row, table.column("fitted")));
    const bool calibrated = table.text(row, table.column("calibrated")) == "true";
    INFO(table.text(row, table.column("name")));
    CHECK(fitted.find("product") == 0);
    CHECK((fitted.find('=') != std::string::npos) == calibrated);
    for (const char* column : {"rows", "sources", "spread"})
      CHECK(table.empty(row, table.column(column)) != calibrated);
  }
}

TEST_CASE("list reports every broken file with its place and prints no table") {
  const ScratchFolder folder;
  put_file(folder / "configs/models/a.yaml", "name: a\nsource: test\nhiden: 8\n");
  put_file(folder / "configs/models/b.yaml", "");
  put_file(folder / "configs/studies/c.yaml", "name: c\n");
  const std::string program = "MOBASIM_CONFIGS=configs " + quoted_for_shell(MOBASIM_PROGRAM);
  const Outcome models = outcome_of_shell(program + " list models", folder.path());
  REQUIRE(models.exit_code == 2);
  REQUIRE(models.out.empty());
  REQUIRE(models.err.find("a.yaml:3:1: unknown key 'hiden'") != std::string::npos);
  REQUIRE(models.err.find("b.yaml") != std::string::npos);
  const Outcome studies = outcome_of_shell(program + " list studies", folder.path());
  REQUIRE(studies.exit_code == 2);
  REQUIRE(studies.err.find("c.yaml:1:1: the key 'source' is missing") != std::string::npos);
  put_file(folder / "configs/stacks/d.yaml", "name: d\nsource: test\nfusoin: eager\n");
  const Outcome stacks = outcome_of_shell(program + " list stacks", folder.path());
  REQUIRE(stacks.exit_code == 2);
  REQUIRE(stacks.err.find("d.yaml:3:1: unknown key 'fusoin'") != std::string::npos);
  REQUIRE(outcome_of_shell(program + " list runs", folder.path()).exit_code == 0);  // none is no error
  REQUIRE(outcome_of_shell("MOBASIM_CONFIGS=nowhere " + quoted_for_shell(MOBASIM_PROGRAM) + " list", folder.path())
              .exit_code == 2);
  REQUIRE(outcome_of_program({"list", "modles"}, folder.path()).exit_code == 2);
}

}  // namespace mobasim::tests::list_test
