#include "sim/search/nearest_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/divisors.h"
#include "sim/run/refusals.h"

namespace mobasim {
namespace {

constexpr std::int64_t kMostSize = 4096;  // of an axis that is proposed

double distance(std::int64_t a, std::int64_t b) {
  return std::abs(std::log2(static_cast<double>(a) / static_cast<double>(b)));
}

}  // namespace

std::optional<NearestLayout> nearest_layout(const ModelShape& model, const Workload& workload, const Layout& layout,
                                            const Device& device) {
  if (std::min({layout.tensor, layout.context, layout.pipeline, layout.virtual_stages, layout.data}) < 1) return {};
  std::optional<NearestLayout> best;
  double least = 0;
  const std::int64_t all = devices(layout);
  const auto consider = [&](const Layout& candidate, std::int64_t microbatch) {
    const double far = distance(candidate.tensor, layout.tensor) + distance(candidate.context, layout.context) +
                       distance(candidate.pipeline, layout.pipeline) +
                       distance(candidate.virtual_stages, layout.virtual_stages) +
                       distance(microbatch, std::max<std::int64_t>(1, workload.microbatch));
    if (best && far >= least) return;
    Workload changed = workload;
    changed.microbatch = microbatch;
    if (refusals(model, changed, candidate, device).empty()) best = {candidate, microbatch}, least = far;
  };
  for (const std::int64_t t : divisors(all, kMostSize)) {
    for (const std::int64_t c : divisors(all / t, kMostSize)) {
      for (const std::int64_t p : divisors(all / t / c, kMostSize)) {
        Layout candidate = layout;
        candidate.tensor = t, candidate.context = c, candidate.pipeline = p, candidate.data = all / t / c / p;
        if (candidate.shard > 0 && replicas(candidate) % candidate.shard != 0) candidate.shard = 0;
        for (const std::int64_t v : {layout.virtual_stages, std::int64_t{1}}) {
          candidate.virtual_stages = v;
          if (v == 1 && candidate.schedule == PipelineSchedule::interleaved) {
            candidate.schedule = PipelineSchedule::one_forward_one_backward;
          }
          for (const std::int64_t microbatch : {workload.microbatch, std::int64_t{1}}) consider(candidate, microbatch);
        }
      }
    }
  }
  return best;
}

std::string nearest_layout_text(const Run& run) {
  const std::optional<NearestLayout> nearest = nearest_layout(run.model, run.workload, run.layout, run.device);
  if (!nearest) return "";
  return fmt::format("nearest that works on {} devices: {}, microbatch {}", devices(run.layout),
                     description(nearest->layout), nearest->microbatch);
}

}  // namespace mobasim
