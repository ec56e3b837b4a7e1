// mobasim validate and calibrate as other programs rely on them: columns, streams, exit codes.
#include <cmath>

#include "sim/base/csv.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::validate_test {
namespace {

const std::string kHeader =
    "id,source,group,framework,gpu,model,attn,hidden,ffn,layers,heads,kv_heads,vocab,tied_emb,glu,moe,seq,gbs,mbs,"
    "n_gpus,gpus_per_node,nic_GBps_per_gpu,tp,pp,vpp,dp,cp,sp,zero,recompute,precision,iter_time_s,tokens_per_s_per_"
    "gpu,"
    "mem_GiB,mem_kind,extra\n";
// Korthikanti et al. 2022 (arXiv 2205.05198), table 5: 22B, 175B; and what is not modelled.
const std::string kKnown =
    "22B,p1,k,Megatron-LM,A100-80-SXM,m,MHA,6144,24576,48,64,64,51200,1,0,,2048,4,4,8,8,25,8,1,1,1,1,0,0,full,fp16,1."
    "42,"
    ",,,x\n"
    "175B,p2,k,Megatron-LM,A100-80-SXM,m,MHA,12288,49152,96,96,96,51200,1,0,,2048,64,1,64,8,25,8,8,3,1,1,0,0,full,fp16,"
    "18.13,,,,x\n";
const std::string kUnknown =
    "tpu,p,u,Pathways,TPUv4,m,MHA,6144,24576,48,64,64,51200,1,0,,2048,4,4,8,8,25,8,1,1,1,1,0,0,full,fp16,1.42,,,,x\n"
    "moe,p,u,Megatron-LM,A100-80-SXM,m,MHA,6144,24576,48,64,64,51200,1,0,8 experts top2,2048,4,4,8,8,25,8,1,1,1,1,0,0,"
    "full,fp16,1.42,,,,x\n"
    "text,p,u,Megatron-LM,A100-80-SXM,m,MHA,wide,24576,48,64,64,51200,1,0,,2048,4,4,8,8,25,8,1,1,1,1,0,0,full,fp16,1."
    "42,"
    ",,,x\n"
    "split,p,u,Megatron-LM,A100-80-SXM,m,MHA,6144,24576,48,64,64,51200,1,0,,2048,4,4,8,8,25,3,1,1,1,1,0,0,full,fp16,1."
    "42,"
    ",,,x\n"
    "zero,p,u,Megatron-LM,A100-80-SXM,m,MHA,6144,24576,48,64,64,51200,1,0,,0,4,4,0,8,25,8,1,1,1,1,0,0,full,fp16,1.42,,,"
    ","
    "x\n"
    "huge,p,u,Megatron-LM,A100-80-SXM,m,MHA,1e30,24576,48,64,64,51200,1,0,,2048,4,4,8,8,25,8,1,1,1,1,0,0,full,fp16,1."
    "42,"
    ",,,x\n";

Outcome outcome_of_validate(const std::string& rows, const std::vector<std::string>& more = {}) {
  const ScratchFolder folder;
  put_file(folder / "runs.csv", kHeader + rows);
  std::vector<std::string> arguments{"validate", "runs.csv"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return outcome_of_program(arguments, folder.path());
}

}  // namespace

TEST_CASE("validate prints a row per run, in the order of the table, with the columns of the contract") {
  const Outcome outcome = outcome_of_validate(kUnknown + kKnown);
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const CsvTable table = CsvTable::from_text(outcome.out, "stdout");
  CHECK(table.columns() == std::vector<std::string>{"id", "group", "stack", "predicted_time_s", "lo", "hi",
                                                    "measured_time_s", "error", "predicted_memory_bytes",
                                                    "measured_memory_bytes", "memory_error", "basis", "status",
                                                    "reason"});
  REQUIRE(table.rows() == 8);
  for (std::size_t row = 0; row < 6; ++row) {
    INFO(table.text(row, 0));
    CHECK(table.text(row, table.column("status")) == "unsupported");
    CHECK_FALSE(table.empty(row, table.column("reason")));
    CHECK(table.empty(row, table.column("predicted_time_s")));
  }
  for (std::size_t row = 6; row < 8; ++row) {
    CHECK(table.text(row, table.column("status")) != "unsupported");
    const double predicted = table.number(row, table.column("predicted_time_s"));
    CHECK(table.number(row, table.column("lo")) < predicted);
    CHECK(predicted < table.number(row, table.column("hi")));
    CHECK(table.number(row, table.column("error")) ==
          Approx(predicted / table.number(row, table.column("measured_time_s")) - 1));
    CHECK(table.number(row, table.column("predicted_memory_bytes")) > 1e9);
  }
  CHECK(outcome.err.find("coverage") != std::string::npos);
  CHECK(outcome.err.find("8 rows: ") != std::string::npos);
}

TEST_CASE("validate says no when it can answer no row, and complains of a file that is no table of runs") {
  CHECK(outcome_of_validate(kUnknown).exit_code == 1);
  CHECK(outcome_of_validate("").exit_code == 1);
  CHECK(outcome_of_validate("too,short\n").exit_code == 2);
  const ScratchFolder folder;
  CHECK(outcome_of_program({"validate", "none.csv"}, folder.path()).exit_code == 2);
  put_file(folder / "empty.csv", "");
  CHECK(outcome_of_program({"validate", "empty.csv"}, folder.path()).exit_code == 2);
  put_file(folder / "columns.csv", "id,gpu\na,H100\n");
  const Outcome columns = outcome_of_program({"validate", "columns.csv"}, folder.path());
  CHECK(columns.exit_code == 2);
  CHECK(columns.err.find("framework") != std::string::npos);
  CHECK(outcome_of_validate(kKnown, {"--cross-validate", "colour"}).exit_code == 2);
}

TEST_CASE("calibrate writes constants that validate reads, the same bytes each time") {
  const ScratchFolder folder;
  put_file(folder / "runs.csv", kHeader + kKnown);
  const Outcome first = outcome_of_program({"calibrate", "runs.csv", "-o", "a.yaml"}, folder.path());
  INFO(first.err);
  REQUIRE(first.exit_code == 0);
  CHECK(first.err.find("2 rows") != std::string::npos);
  REQUIRE(outcome_of_program({"calibrate", "runs.csv", "-o", "b.yaml"}, folder.path()).exit_code == 0);
  CHECK(file_content(folder / "a.yaml") == file_content(folder / "b.yaml"));
  const Outcome outcome =
      outcome_of_program({"validate", "runs.csv", "--stacks", "a.yaml", "-o", "out.csv"}, folder.path());
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.out == "");
  const CsvTable table = CsvTable::read(folder / "out.csv");
  REQUIRE(table.rows() == 2);
  CHECK(table.text(0, table.column("status")) == "ok");
}

TEST_CASE("Cross-validated, a source that stands alone in its stack is uncalibrated, never scored on itself") {
  const std::string one_source = kKnown.substr(0, kKnown.find('\n') + 1);
  const Outcome outcome = outcome_of_validate(one_source, {"--cross-validate", "source"});
  REQUIRE(outcome.exit_code == 0);
  const CsvTable table = CsvTable::from_text(outcome.out, "stdout");
  CHECK(table.text(0, table.column("status")) == "uncalibrated");
}

}  // namespace mobasim::tests::validate_test
