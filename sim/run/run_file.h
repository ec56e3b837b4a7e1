// How a RUN.yaml says a run (docs/config/runs.md).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/config.h"
#include "sim/base/document.h"
#include "sim/run/run.h"

namespace mobasim {

// The parts of a RUN.yaml that studies have too. read_execution: how a `workload` is carried out (microbatch,
// recompute, loss_chunks, offload_optimizer) but for its layout.
[[nodiscard]] std::string dtype_from(ConfigMap workload);
void read_execution(ConfigMap workload, Execution& into);
[[nodiscard]] Layout layout_from(ConfigMap map);
inline constexpr std::string_view kDefaultStack = "generic";
[[nodiscard]] KernelChoice kernels_from(ConfigMap map);

// What would work in place of a layout that is refused, in words; "" where nothing does.
using LayoutAdvice = std::function<std::string(const Run&)>;

// The run that a document describes. Throws ConfigError with every problem of the run, its model and its device; of a
// layout that is refused with what `advice` says. `configs` is the folder that names are looked up in (models/,
// devices/, stacks/). Paths of models and devices start from the file's folder, where they were set from the working
// folder. The run is named for its file.
[[nodiscard]] Run run_from(const Document& document, const std::filesystem::path& configs,
                           const LayoutAdvice& advice = {});
// The same of a file, with values set in it in their order.
[[nodiscard]] Run run_from(const std::filesystem::path& file, const std::filesystem::path& configs,
                           const std::vector<Override>& overrides = {}, const LayoutAdvice& advice = {});

}  // namespace mobasim
