#include "fit/calibration/calibration.h"

#include <cmath>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/stack/calibration.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::calibration_test {
namespace {

CalibrationRow row_of(const std::string& source, const std::string& configuration) {
  CalibrationRow row;
  row.source = source;
  row.configuration = configuration;
  row.time = 1;
  row.sequence = 2048;
  row.devices = 8;
  return row;
}

// Rows of one stack that differ in what their time consists of: width, microbatch, tensor group.
constexpr const char* kRuns =
    "id,source,framework,gpu,hidden,layers,heads,vocab,seq,gbs,mbs,n_gpus,gpus_per_node,tp,pp,sp,zero,recompute,"
    "precision,"
    "iter_time_s\n"
    "a,s1,Megatron-DeepSpeed,A100-80-SXM,4096,24,32,50304,2048,64,1,8,8,1,1,0,1,full,fp16,1\n"
    "b,s1,Megatron-DeepSpeed,A100-80-SXM,4096,24,32,50304,2048,64,4,8,8,2,1,0,1,full,fp16,1\n"
    "c,s1,Megatron-DeepSpeed,A100-80-SXM,2048,24,32,50304,2048,64,4,8,8,8,1,0,1,full,fp16,1\n"
    "d,s2,Megatron-DeepSpeed,A100-80-SXM,8192,12,64,50304,2048,64,1,8,8,4,2,0,1,full,fp16,1\n"
    "e,s2,Megatron-DeepSpeed,A100-80-SXM,8192,12,64,50304,2048,64,2,8,8,8,1,0,1,full,fp16,1\n"
    "f,s2,Megatron-DeepSpeed,A100-80-SXM,6144,16,64,50304,2048,64,2,8,8,4,1,0,1,none,fp16,1\n";

struct Prepared {
  std::vector<MeasuredRun> runs;
  std::vector<PreparedRun> prepared;
  Stack stack;
};

Prepared prepared_runs() {
  const auto configs = tests::source_folder() / "configs";
  Prepared all;
  all.runs = measured_runs_from(CsvTable::from_text(kRuns, "runs.csv"));
  RunPreparer preparer(configs, stacks_from(configs / "stacks", {}));
  for (const MeasuredRun& run : all.runs) all.prepared.push_back(preparer.prepared(run));
  for (const Stack& stack : preparer.stacks()) {
    if (stack.name == "megatron-deepspeed") all.stack = stack;
  }
  return all;
}

}  // namespace

TEST_CASE("Folds are sources where the others have four rows, else configurations, else none") {
  std::vector<CalibrationRow> rows;
  for (int i = 0; i < 4; ++i) rows.push_back(row_of("b", i < 2 ? "x" : "y")), rows.push_back(row_of("a", "x"));
  const auto by_source = folds_of(rows);
  REQUIRE(by_source.size() == 2);
  CHECK(by_source[0].name == "a");
  CHECK(by_source[1].held_out == std::vector<std::size_t>{0, 2, 4, 6});
  rows.pop_back();  // three of "a" cannot tell the constants for "b"
  CHECK(folds_of(rows)[0].name == "configurations 1 of 2");
  const auto by_configuration = folds_of({row_of("a", "x"), row_of("a", "y"), row_of("a", "x")});
  REQUIRE(by_configuration.size() == 2);
  CHECK(by_configuration[0].held_out == std::vector<std::size_t>{0, 2});
  CHECK(folds_of({row_of("a", "x"), row_of("a", "x")}).empty());
  CHECK(rows_without({row_of("b", "x"), row_of("a", "x")}, by_configuration[1]).size() == 1);
}

TEST_CASE("A calibration finds the constants that made the times") {
  Prepared all = prepared_runs();
  StackConstants truth;
  for (const StackConstant which : all.stack.fitted) truth.factor[static_cast<std::size_t>(which)] = 1.1;
  for (std::size_t i = 0; i < all.runs.size(); ++i) {
    REQUIRE(all.prepared[i].reason == "");
    all.runs[i].time = fastest(all.prepared[i], truth).time;
  }
  const auto rows = calibration_rows(all.runs, all.prepared, "megatron-deepspeed");
  REQUIRE(rows.size() == 6);
  const StackFit fit = fitted_stack(all.stack, rows);
  CHECK(fit.constants[StackConstant::gemm] == Approx(1.1).epsilon(0.03));
  const Stack done = calibrated(all.stack, rows);
  REQUIRE(done.evidence.has_value());
  CHECK(done.evidence->rows == 6);
  CHECK(done.evidence->sources == std::vector<std::string>{"s1", "s2"});
  CHECK(done.evidence->spread < 0.05);
  CHECK(done.evidence->width > 2 * done.evidence->spread);
  for (const CalibrationRow& row : rows) {
    CHECK(fastest(*row.prepared, done.constants).time == Approx(row.time).epsilon(0.02));
  }
}

TEST_CASE("What a calibration writes reads back as the same constants and evidence, byte for byte the same each time") {
  Prepared all = prepared_runs();
  const StackConstants none;
  for (std::size_t i = 0; i < all.runs.size(); ++i) all.runs[i].time = 1.07 * fastest(all.prepared[i], none).time;
  const auto rows = calibration_rows(all.runs, all.prepared, "megatron-deepspeed");
  const Stack done = calibrated(all.stack, rows);
  const std::string text = calibration_text({done}, "test \"quoted\"");
  CHECK(text == calibration_text({calibrated(all.stack, rows)}, "test \"quoted\""));
  const tests::ScratchFolder folder;
  write_file(folder / "stacks.yaml", text);
  std::vector<Stack> stacks{all.stack};
  calibrate(stacks, folder / "stacks.yaml");
  REQUIRE(stacks.front().evidence.has_value());
  CHECK(stacks.front().evidence->rows == 6);
  CHECK(stacks.front().evidence->sources == done.evidence->sources);
  CHECK(stacks.front().constants[StackConstant::gemm] == Approx(done.constants[StackConstant::gemm]).epsilon(1e-4));
}

}  // namespace mobasim::tests::calibration_test
