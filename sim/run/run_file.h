// How a RUN.yaml says a run (docs/config/runs.md).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/config.h"
#include "sim/run/run.h"

namespace mobasim {

// The parts of a RUN.yaml that studies have too. read_execution: how a `workload` is carried out (microbatch,
// recompute, loss_chunks, offload_optimizer) but for its layout.
[[nodiscard]] std::string dtype_from(ConfigMap workload);
void read_execution(ConfigMap workload, Execution& into);
[[nodiscard]] Layout layout_from(ConfigMap map);
inline constexpr std::string_view kDefaultStack = "generic";
[[nodiscard]] KernelChoice kernels_from(ConfigMap map);

// What a flag says in place of the file.
struct RunOverrides {
  std::optional<std::string> device;  // a name in configs/devices, or a path relative to the working folder
  std::optional<std::string> stack;   // a name in configs/stacks
  std::optional<DollarRate> price;
  std::optional<Attention> attention;  // of every layer
};
// What would work in place of a layout that is refused, in words; "" where nothing does.
using LayoutAdvice = std::function<std::string(const Run&)>;

// Throws ConfigError with every problem of the run, its model and its device; of a layout that is refused with what
// `advice` says. `configs` is the folder that names are looked up in (models/, devices/). Without `device` in the
// overrides the file must name one.
[[nodiscard]] Run run_from(const std::filesystem::path& file, const std::filesystem::path& configs,
                           const RunOverrides& overrides = {}, const LayoutAdvice& advice = {});

}  // namespace mobasim
