#include "sim/stack/stack.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/config.h"
#include "sim/base/text.h"
#include "sim/stack/calibration.h"
#include "sim/stack/stack_list.h"

namespace mobasim {
namespace {

const std::vector<std::string> kFusions{"eager", "fused", "compiled"};
const std::vector<std::string> kTensorOverlaps{"none", "weight_gradient", "all"};

template <class Enumeration>
Enumeration chosen(ConfigMap map, std::string_view key, const std::vector<std::string>& allowed) {
  const std::string text = map.choice_or(key, allowed, allowed.front());
  return static_cast<Enumeration>(std::find(allowed.begin(), allowed.end(), text) - allowed.begin());
}

void read_attention(ConfigMap map, Stack& stack) {
  for (const std::string& device : map.keys()) {
    stack.attention[device == "default" ? "" : device] = map.text(device);
  }
  if (!stack.attention.contains("")) map.problem("", "the key 'default' is missing: the implementation elsewhere");
}

void read_fitted(ConfigMap root, Stack& stack) {
  const std::vector<std::string>& names = stack_constant_names();
  const std::vector<std::string> fitted = root.texts("fitted");
  if (fitted.size() > kMostFitted) root.problem("fitted", fmt::format("at most {} constants are fitted", kMostFitted));
  for (const std::string& text : fitted) {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
      root.problem("fitted",
                   fmt::format("'{}' is no constant{}; allowed: {}", text, suggestion(text, names), joined(names)));
    } else {
      stack.fitted.push_back(static_cast<StackConstant>(found - names.begin()));
    }
  }
}

// The files of a folder's policies, in their order. Throws ConfigError where there is no such folder.
FileList policies_in(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) throw ConfigError({folder.string()}, "there is no such folder of stacks");
  return stack_files(folder);
}

// A policy whose name must be its file's, by which it is found without reading the others.
Stack named_for_file(const std::filesystem::path& file) {
  Stack stack = stack_from(file);
  if (stack.name != file.stem()) {
    throw ConfigError(
        Location{file.string()},
        fmt::format("the stack is named '{}', and must be named as its file, '{}'", stack.name, file.stem().string()));
  }
  return stack;
}

}  // namespace

const std::vector<std::string>& stack_constant_names() {
  static const std::vector<std::string> names{"product", "attention", "memory_bound", "communication", "overhead"};
  return names;
}

std::string attention_of(const Stack& stack, std::string_view device) {
  for (const std::string& key : {std::string(device), std::string()}) {
    if (const auto found = stack.attention.find(key); found != stack.attention.end()) return found->second;
  }
  return "";
}

Stack stack_from(const std::filesystem::path& path) {
  ConfigFile file = ConfigFile::read(path);
  ConfigMap root = file.root();
  Stack stack;
  stack.name = root.text("name");
  stack.source = root.text("source");
  read_attention(root.map("attention"), stack);
  stack.policy.fusion = chosen<Fusion>(root, "fusion", kFusions);
  stack.policy.fused_loss = root.flag_or("fused_loss", false);
  stack.policy.dropout = root.flag_or("dropout", false);
  stack.policy.overlap_tensor = chosen<TensorOverlap>(root, "overlap_tensor", kTensorOverlaps);
  stack.policy.overlap_data = root.flag_or("overlap_data", false);
  stack.policy.overlap_weights = root.flag_or("overlap_weights", false);
  stack.policy.overlap_pipeline = root.flag_or("overlap_pipeline", false);
  stack.policy.gradient_bytes = root.count_or("gradient_bytes", 4);
  stack.policy.reduced_bytes = root.count_or("reduced_bytes", 4);
  if (root.has("second_gradient_bytes"))
    stack.policy.second_gradient_bytes = root.whole_number("second_gradient_bytes");
  stack.policy.f32_weights = root.flag_or("f32_weights", false);
  stack.policy.transformer_engine = root.flag_or("transformer_engine", false);
  stack.policy.keeps_stage_outputs = root.flag_or("keeps_stage_outputs", false);
  stack.policy.selective_every_other_gemm = root.flag_or("selective_every_other_product", false);
  stack.policy.reduce_each_microbatch = root.flag_or("reduce_each_microbatch", false);
  stack.policy.stops_early = root.flag_or("stops_early", false);
  stack.policy.recomputes = root.flag_or("recomputes", true);
  stack.policy.contention = root.fraction_or("contention", 0);
  read_fitted(root, stack);
  stack.policy.issue_time = root.optional_quantity<Seconds>("issue_time").value_or(Seconds(0)).value();
  stack.policy.microbatch_time = root.optional_quantity<Seconds>("microbatch_time").value_or(Seconds(0)).value();
  file.finish();
  return stack;
}

std::vector<Stack> stacks_from(const std::filesystem::path& folder, const std::filesystem::path& calibration) {
  std::vector<Stack> stacks;
  for (const auto& file : policies_in(folder)) stacks.push_back(named_for_file(file));
  if (!calibration.empty()) calibrate(stacks, calibration);
  return stacks;
}

Stack shipped_stack(const std::string& name, const std::filesystem::path& configs, std::string& problem) {
  const std::filesystem::path folder = configs / "stacks";
  std::vector<std::string> names;
  for (const auto& file : policies_in(folder)) {
    names.push_back(file.stem().string());
    if (names.back() != name) continue;
    Stack stack = named_for_file(file);
    if (const auto calibration = folder / kCalibrationFile; std::filesystem::exists(calibration)) {
      calibrate(stack, calibration);
    }
    return stack;
  }
  problem = fmt::format("'{}' is unknown{}; allowed: {}", name, suggestion(name, names), joined(names));
  return {};
}

}  // namespace mobasim
