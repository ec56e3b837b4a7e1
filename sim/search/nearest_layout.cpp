#include "sim/search/nearest_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/divisors.h"
#include "sim/run/refusals.h"
#include "sim/search/execution_space.h"

namespace mobasim {
namespace {

constexpr std::int64_t kMostSize = 4096;  // of an axis that is proposed

double distance(std::int64_t a, std::int64_t b) {
  return std::abs(std::log2(static_cast<double>(a) / static_cast<double>(b)));
}

double distance(const Execution& a, const Execution& b) {
  return distance(a.layout.tensor, b.layout.tensor) + distance(a.layout.context, b.layout.context) +
         distance(a.layout.pipeline, b.layout.pipeline) +
         distance(a.layout.virtual_stages, b.layout.virtual_stages) +
         distance(a.microbatch, std::max<std::int64_t>(1, b.microbatch));
}

// As many devices in every split; its own chunks and microbatch, or one of each.
ExecutionSpace around(const Execution& asked) {
  const std::vector<std::int64_t> sizes = divisors(devices(asked.layout), kMostSize);
  return {splits_of(devices(asked.layout), sizes, sizes, sizes), [&](const Layout& split) {
            Choices choices(asked);
            if (asked.layout.shard > 0 && replicas(split) % asked.layout.shard != 0) choices.shard = {0};
            Way whole = choices.way.front();
            whole.virtual_stages = 1;
            if (whole.schedule == PipelineSchedule::interleaved) {
              whole.schedule = PipelineSchedule::one_forward_one_backward;
            }
            if (asked.layout.virtual_stages == 1) choices.way.clear();
            choices.way.push_back(whole);
            choices.microbatch.push_back(1);
            return choices;
          }};
}

}  // namespace

std::optional<Execution> nearest_execution(const ModelShape& model, const Workload& workload, const Execution& asked,
                                           const Device& device) {
  const Layout& layout = asked.layout;
  if (std::min({layout.tensor, layout.context, layout.pipeline, layout.virtual_stages, layout.data}) < 1) return {};
  std::optional<Execution> best;
  double least = 0;
  const ExecutionSpace space = around(asked);
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const Execution candidate = space.at(i);
    const double far = distance(candidate, asked);
    if (best && far >= least) continue;
    if (!allowed(model, workload, candidate, device)) continue;
    best = candidate;
    least = far;
  }
  return best;
}

std::string nearest_layout_text(const Run& run) {
  const std::optional<Execution> nearest = nearest_execution(run.model, run.workload, run.execution, run.device);
  if (!nearest) return "";
  return fmt::format("nearest that works on {} devices: {}, microbatch {}", devices(run.execution.layout),
                     description(nearest->layout), nearest->microbatch);
}

}  // namespace mobasim
