#include "sim/run/run_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/device/attention_table.h"
#include "sim/device/dtype.h"
#include "sim/run/refusals.h"

namespace mobasim {
namespace {

void check_workload(const Run& run, std::vector<Breach>& found) {
  const Workload& workload = run.workload;
  const auto require = [&](bool holds, std::string key, std::string what) {
    if (!holds) found.push_back({"workload", std::move(key), std::move(what)});
    return holds;
  };
  require(workload.sequence >= 1, "sequence", "sequence must be at least 1");
  require(workload.sequence <= kLongestSequence, "sequence",
          fmt::format("sequence must be at most {}", kLongestSequence));
  require(workload.tokens > 0, "tokens", "tokens must be above 0");
  require(run.execution.loss_chunks >= 1, "loss_chunks", "loss_chunks must be at least 1");
  const std::vector<std::string> dtypes{"nvfp4", "fp8", "bf16", "fp16", "f32"};
  if (require(std::find(dtypes.begin(), dtypes.end(), workload.dtype) != dtypes.end(), "dtype",
              "dtype must be one of " + joined(dtypes))) {
    std::vector<std::string> known;
    for (const auto& [dtype, rate] : run.device.peak) known.push_back(dtype);
    require(run.device.peak.contains(workload.dtype), "dtype",
            fmt::format("{} has no peak for dtype {}; it has {}", run.device.name, workload.dtype, joined(known)));
  }
}

void check_layout(const Run& run, std::vector<Breach>& found) {
  for (const Refusal& refusal : refusals(run.model, run.workload, run.execution, run.device))
    found.push_back({refusal.section, refusal.key, refusal.why});
}

void check_kernels(const Run& run, std::vector<Breach>& found) {
  const auto peak = run.device.peak.find(attention_dtype(run.workload.dtype));
  if (peak == run.device.peak.end()) return;
  for (const Attention& mechanism : attention_mechanisms()) {
    const std::string& chosen = chosen_implementation(run.kernels, mechanism);
    if (chosen.empty()) continue;
    const std::vector<std::string> known =
        AttentionTable(run.device, peak->first).implementations(name(mechanism));
    if (std::find(known.begin(), known.end(), chosen) != known.end()) continue;
    found.push_back(
        {"kernels", std::string(name(mechanism)),
         fmt::format("{} has no rows of both passes for {} attention by '{}'{}; it has: {}", run.device.name,
                     name(mechanism), chosen, suggestion(chosen, known), known.empty() ? "none" : joined(known))});
  }
}

}  // namespace

std::vector<Breach> breaches(const Run& run) {
  std::vector<Breach> found;
  check_workload(run, found);
  check_layout(run, found);
  check_kernels(run, found);
  return found;
}

std::vector<std::string> violations(const Run& run) {
  std::vector<std::string> found = violations(run.model);
  for (const std::string& what : violations(run.device)) found.push_back(run.device.name + ": " + what);
  for (const Breach& breach : breaches(run)) found.push_back(breach.what);
  return found;
}

}  // namespace mobasim
