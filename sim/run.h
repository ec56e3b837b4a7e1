// What is asked: a model, a workload, a layout and a device - and how a RUN.yaml says it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/device/attention_kernel.h"
#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/stack/stack.h"
#include "sim/workload.h"

namespace mobasim {

struct Run {
  std::string name;
  ModelShape model;
  Workload workload;
  Layout layout;
  KernelChoice kernels;
  DeviceProfile device;
  StackProfile stack;
};

[[nodiscard]] std::vector<std::string> violations(const Run& run);

// The parts of a RUN.yaml that studies have too. read_execution: how a `workload` is carried out (microbatch,
// recompute, dtype, loss_chunks), not how much it is.
void read_execution(ConfigMap workload, Workload& into);
[[nodiscard]] Layout layout_from(ConfigMap map);
// The stack of a name in configs/stacks with its calibration; what is wrong with the name in `problem`.
[[nodiscard]] StackProfile shipped_stack(const std::string& name, const std::filesystem::path& configs,
                                         std::string& problem);
inline constexpr std::string_view kDefaultStack = "generic";
[[nodiscard]] KernelChoice kernels_from(ConfigMap map);

// What a flag says in place of the file.
struct RunOverrides {
  std::optional<std::string> device;  // a name in configs/devices, or a path relative to the working folder
  std::optional<std::string> stack;   // a name in configs/stacks
  std::optional<DollarRate> price;
  std::optional<Attention> attention;  // of every layer
};
// Throws ConfigError with every problem of the run, its model and its device. `configs` is the folder that names are
// looked up in (models/, devices/). Without `device` in the overrides the file must name one.
[[nodiscard]] Run run_from(const std::filesystem::path& file, const std::filesystem::path& configs,
                           const RunOverrides& overrides = {});

}  // namespace mobasim
