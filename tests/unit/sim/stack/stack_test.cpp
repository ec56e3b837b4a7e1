// The shipped stacks are found by the names of their files, and one is read without the others.
#include "sim/stack/stack.h"

#include "sim/base/error.h"
#include "sim/stack/calibration.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::stack_test {
namespace {

std::string policy(const std::string& name) {
  return "name: " + name + "\nsource: a test\nattention: {default: math}\nfitted: [product]\n";
}

std::string entry(const std::string& name, const std::string& factor) {
  return std::string(kCalibrationEntry) + name + "\n    product: " + factor +
         "\n    attention: 1\n    memory_bound: 1\n    communication: 1\n    overhead: 1\n    rows: 7\n"
         "    sources: [a test]\n    device_names: [h100-sxm]\n    spread: 0.1\n    bias: 0\n    width: 0.2\n"
         "    sequence: [8192, 8192]\n    devices: [8, 8]\n";
}

std::string calibration_of(const std::vector<std::string>& entries) {
  std::string text = std::string(kCalibrationHead) + "source: a test\nstacks:\n";
  for (const std::string& each : entries) text += each;
  return text;
}

std::string message_of(const std::filesystem::path& configs, const std::string& name) {
  std::string problem;
  try {
    (void)shipped_stack(name, configs, problem);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return problem;
}

bool ends(const std::string& text, const std::string& end) { return text.ends_with(end); }

}  // namespace

TEST_CASE("every shipped stack is named as its file, and found by that name as the whole folder has it") {
  const std::filesystem::path configs = source_folder() / "configs";
  const std::vector<Stack> all = stacks_from(configs / "stacks", configs / "stacks" / kCalibrationFile);
  CHECK(all.size() >= 18);
  int calibrated = 0;
  for (const Stack& stack : all) {
    INFO(stack.name);
    std::string problem;
    const Stack alone = shipped_stack(stack.name, configs, problem);
    CHECK(problem == "");
    CHECK(alone.name == stack.name);
    CHECK(alone.constants.factor == stack.constants.factor);
    REQUIRE(alone.evidence.has_value() == stack.evidence.has_value());
    if (!stack.evidence) continue;
    ++calibrated;
    CHECK(alone.evidence->rows == stack.evidence->rows);
    CHECK(alone.evidence->sources == stack.evidence->sources);
    CHECK(alone.evidence->width == stack.evidence->width);
    CHECK(alone.evidence->devices_hi == stack.evidence->devices_hi);
  }
  CHECK(calibrated >= 10);
}

TEST_CASE("a stack is read without the other stacks and their entries of the calibration") {
  const ScratchFolder configs;
  put_file(configs / "stacks/a.yaml", policy("a"));
  put_file(configs / "stacks/b.yaml", "no stack at all");
  put_file(configs / "stacks/c.yaml", policy("c"));
  put_file(configs / "stacks" / kCalibrationFile,
           calibration_of({entry("b", "[1"), entry("a", "1.5"), entry("d", "x")}));
  std::string problem;
  CHECK(shipped_stack("a", configs.path(), problem).constants[StackConstant::gemm] == 1.5);
  CHECK_FALSE(shipped_stack("c", configs.path(), problem).evidence.has_value());
  CHECK(problem == "");
  CHECK(message_of(configs.path(), "bb") == "'bb' is unknown (did you mean 'b'?); allowed: a, b, c");
  CHECK(message_of(configs.path(), "calibration") == "'calibration' is unknown; allowed: a, b, c");
  CHECK(message_of(configs.path(), "../stacks/a").starts_with("'../stacks/a' is unknown"));
}

TEST_CASE("what is wrong in a stack's own entry is told at its line") {
  const ScratchFolder configs;
  put_file(configs / "stacks/a.yaml", policy("a"));
  put_file(configs / "stacks" / kCalibrationFile, calibration_of({entry("b", "1"), entry("a", "x")}));
  CHECK(ends(message_of(configs.path(), "a"), "calibration.yaml:19:14: 'product': 'x' is no finite number"));
}

TEST_CASE("of a calibration in other words every entry is read") {
  const ScratchFolder configs;
  put_file(configs / "stacks/a.yaml", policy("a"));
  std::string text = calibration_of({entry("b", "1"), entry("a", "1.5")});
  text.erase(0, kCalibrationHead.size());
  put_file(configs / "stacks" / kCalibrationFile, text);
  std::string problem;
  CHECK(shipped_stack("a", configs.path(), problem).constants[StackConstant::gemm] == 1.5);
  put_file(configs / "stacks" / kCalibrationFile, "source: a test\nstacks: 5\n");
  CHECK(message_of(configs.path(), "a") != "");
}

TEST_CASE("a stack whose name is not its file's is refused") {
  const ScratchFolder configs;
  put_file(configs / "stacks/a.yaml", policy("other"));
  CHECK(
      ends(message_of(configs.path(), "a"), "a.yaml: the stack is named 'other', and must be named as its file, 'a'"));
  CHECK_THROWS_AS(stacks_from(configs / "stacks", {}), ConfigError);
}

}  // namespace mobasim::tests::stack_test
