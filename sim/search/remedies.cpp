#include "sim/search/remedies.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/cost/memory_parts.h"

namespace mobasim {
namespace {

constexpr std::int64_t kMostLossChunks = 64;

// How a run is carried out.
struct Plan {
  Workload workload;
  Layout layout;
};

// One more notch of each remedy; false where there is none. In the order of what they cost in time: first those that
// cost little.
using Remedy = bool (*)(const MemoryModel&, Plan&);

bool with_sequence_parallel(const MemoryModel&, Plan& plan) {
  if (plan.layout.tensor == 1 || plan.layout.sequence_parallel) return false;
  plan.layout.sequence_parallel = true;
  return true;
}

bool with_more_loss_chunks(const MemoryModel&, Plan& plan) {
  if (plan.workload.loss_chunks >= kMostLossChunks) return false;
  plan.workload.loss_chunks *= 2;
  return true;
}

bool with_higher_zero_stage(const MemoryModel&, Plan& plan) {
  if (plan.layout.zero_stage >= 3 || shard_devices(plan.layout) == 1) return false;
  ++plan.layout.zero_stage;
  return true;
}

bool with_smaller_microbatch(const MemoryModel&, Plan& plan) {
  if (plan.workload.microbatch % 2 != 0) return false;
  plan.workload.microbatch /= 2;
  return true;
}

bool with_more_recomputation(const MemoryModel&, Plan& plan) {
  if (plan.workload.recompute == Recompute::full) return false;
  plan.workload.recompute = plan.workload.recompute == Recompute::none ? Recompute::selective : Recompute::full;
  return true;
}

// Twice the devices on an axis, taken from the replicas where they can be halved.
bool with_twice(std::int64_t Layout::*axis, const MemoryModel& model, Plan& plan) {
  Layout layout = plan.layout;
  layout.*axis *= 2;
  if (layout.data % 2 == 0) layout.data /= 2;
  if (layout.shard > 0 && replicas(layout) % layout.shard != 0) return false;
  if (layout.schedule == PipelineSchedule::interleaved) {
    const std::int64_t microbatches = plan.workload.global_batch / (layout.data * plan.workload.microbatch);
    if (microbatches % layout.pipeline != 0) return false;
  }
  if (!model.divides(layout)) return false;
  plan.layout = layout;
  return true;
}

bool with_twice_tensor(const MemoryModel& model, Plan& plan) { return with_twice(&Layout::tensor, model, plan); }
bool with_twice_context(const MemoryModel& model, Plan& plan) { return with_twice(&Layout::context, model, plan); }
bool with_twice_pipeline(const MemoryModel& model, Plan& plan) { return with_twice(&Layout::pipeline, model, plan); }

bool with_offload(const MemoryModel&, Plan& plan) {
  if (plan.workload.offload_optimizer) return false;
  return plan.workload.offload_optimizer = true;
}

constexpr Remedy kRemedies[] = {with_sequence_parallel,  with_more_loss_chunks,   with_higher_zero_stage,
                                with_smaller_microbatch, with_twice_tensor,       with_twice_context,
                                with_twice_pipeline,     with_more_recomputation, with_offload};

double need(const MemoryModel& model, const Plan& plan) { return model.worst(plan.workload, plan.layout).total(); }

// The plan without the changes that it does not need.
Plan pruned(const MemoryModel& model, const Plan& start, Plan plan, double capacity) {
  const auto take_back = [&](auto change) {
    Plan without = plan;
    change(without);
    if (need(model, without) <= capacity) plan = without;
  };
  take_back([&](Plan& without) { without.workload.offload_optimizer = start.workload.offload_optimizer; });
  take_back([&](Plan& without) { without.workload.recompute = Recompute::selective; });
  take_back([&](Plan& without) { without.workload.recompute = start.workload.recompute; });
  take_back([&](Plan& without) { without.layout.zero_stage = start.layout.zero_stage; });
  take_back([&](Plan& without) { without.layout.sequence_parallel = start.layout.sequence_parallel; });
  take_back([&](Plan& without) { without.workload.microbatch = start.workload.microbatch; });
  for (std::int64_t chunks = kMostLossChunks / 2; chunks >= start.workload.loss_chunks; chunks /= 2) {
    take_back([&](Plan& without) { without.workload.loss_chunks = std::min(chunks, plan.workload.loss_chunks); });
  }
  return plan;
}

// What differs between two plans, in the words of a RUN.yaml.
std::vector<std::string> differences(const Plan& before, const Plan& after) {
  std::vector<std::string> found;
  const auto put = [&](std::int64_t from, std::int64_t to, std::string_view key) {
    if (from != to) found.push_back(fmt::format("{} {}", key, to));
  };
  const Workload &was = before.workload, &is = after.workload;
  put(was.microbatch, is.microbatch, "microbatch");
  if (was.recompute != is.recompute) found.push_back(fmt::format("recompute {}", name(is.recompute)));
  put(was.loss_chunks, is.loss_chunks, "loss_chunks");
  if (was.offload_optimizer != is.offload_optimizer) found.push_back("offload_optimizer");
  const Layout &old = before.layout, &now = after.layout;
  put(old.tensor, now.tensor, "tensor");
  if (old.sequence_parallel != now.sequence_parallel) found.push_back("sequence_parallel");
  put(old.context, now.context, "context");
  put(old.pipeline, now.pipeline, "pipeline");
  put(old.data, now.data, "data");
  put(old.zero_stage, now.zero_stage, "zero_stage");
  if (devices(old) != devices(now))
    found.push_back(fmt::format("{} devices instead of {}", devices(now), devices(old)));
  return found;
}

std::string sentence(const Plan& before, const Plan& after, double bytes, std::string_view verb) {
  return fmt::format("{} {} {:.1f} GB", joined(differences(before, after)), verb, bytes / 1e9);
}

// The first notch of the remedy that fits.
bool fits_alone(const MemoryModel& model, Remedy remedy, double capacity, Plan& plan) {
  while (remedy(model, plan)) {
    if (need(model, plan) <= capacity) return true;
  }
  return false;
}

// All remedies as far as they go, each only as far as it helps, until the run fits.
Plan combined(const MemoryModel& model, const Plan& start, double capacity) {
  Plan plan = start;
  for (const Remedy remedy : kRemedies) {
    double least = need(model, plan);
    for (Plan next = plan; least > capacity && remedy(model, next);) {
      const double bytes = need(model, next);
      if (bytes < least) least = bytes, plan = next;
    }
  }
  return plan;
}

}  // namespace

std::vector<std::string> remedies(const MemoryModel& model, const Workload& workload, const Layout& layout,
                                  double capacity) {
  const Plan start{workload, layout};
  std::vector<std::string> found;
  if (need(model, start) <= capacity) return found;
  for (const Remedy remedy : kRemedies) {
    Plan plan = start;
    if (fits_alone(model, remedy, capacity, plan)) {
      found.push_back(sentence(start, plan, need(model, plan), "needs"));
    }
  }
  if (!found.empty()) return found;
  const Plan plan = combined(model, start, capacity);
  const double bytes = need(model, plan);
  if (bytes <= capacity) {
    const Plan least = pruned(model, start, plan, capacity);
    return {sentence(start, least, need(model, least), "together need")};
  }
  const std::string changed = joined(differences(start, plan));
  return {fmt::format("{}{} the least it needs is {:.1f} GB of {:.1f} GB", changed.empty() ? "" : "even with ", changed,
                      bytes / 1e9, capacity / 1e9)};
}

std::vector<std::string> remedies(const Run& run) {
  return remedies(memory_model_of(run), run.workload, run.layout, allocatable(run.device).value());
}

}  // namespace mobasim
