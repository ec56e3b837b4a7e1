#include "sim/search/remedies.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sim/base/text.h"
#include "sim/cost/evaluator.h"
#include "sim/run/refusals.h"
#include "sim/search/execution_space.h"

namespace mobasim {
namespace {

constexpr std::int64_t kMostLossChunks = 64;

struct Asked {
  const MemoryModel& model;
  std::int64_t global_batch;
  const Allowed& allowed;
};

double need(const Asked& asked, const Execution& execution) {
  return asked.model.worst(asked.global_batch, execution).total();
}

// The notches of a remedy, from the next one on: the executions along one axis. In the order of what they cost in time:
// first those that cost little.
using Remedy = ExecutionSpace (*)(const Asked&, const Execution& from);

ExecutionSpace nothing() {
  return {{}, [](const Layout&) { return Choices(Execution{}); }};
}

// The values of one axis, all else as in `from`.
template <class Value>
ExecutionSpace along(const Execution& from, std::vector<Value> Choices::*axis, const std::vector<Value>& values) {
  if (values.empty()) return nothing();
  return {{from.layout}, [&](const Layout&) {
            Choices choices(from);
            choices.*axis = values;
            return choices;
          }};
}

ExecutionSpace with_sequence_parallel(const Asked&, const Execution& from) {
  if (from.layout.tensor == 1 || from.layout.sequence_parallel) return nothing();
  return along(from, &Choices::sequence_parallel, {true});
}

ExecutionSpace with_more_loss_chunks(const Asked&, const Execution& from) {
  std::vector<std::int64_t> chunks;
  for (std::int64_t last = from.loss_chunks; last < kMostLossChunks; last *= 2) chunks.push_back(2 * last);
  return along(from, &Choices::loss_chunks, chunks);
}

ExecutionSpace with_higher_zero_stage(const Asked&, const Execution& from) {
  std::vector<std::int64_t> stages;
  for (std::int64_t stage = from.layout.zero_stage + 1; stage <= 3; ++stage) stages.push_back(stage);
  if (shard_devices(from.layout) == 1) return nothing();
  return along(from, &Choices::zero_stage, stages);
}

ExecutionSpace with_smaller_microbatch(const Asked&, const Execution& from) {
  std::vector<std::int64_t> halves;
  for (std::int64_t last = from.microbatch; last % 2 == 0; last /= 2) halves.push_back(last / 2);
  return along(from, &Choices::microbatch, halves);
}

ExecutionSpace with_more_recomputation(const Asked&, const Execution& from) {
  std::vector<Recompute> more;
  if (from.recompute == Recompute::none) more.push_back(Recompute::selective);
  if (from.recompute != Recompute::full) more.push_back(Recompute::full);
  return along(from, &Choices::recompute, more);
}

ExecutionSpace with_offload(const Asked&, const Execution& from) {
  if (from.offload_optimizer) return nothing();
  return along(from, &Choices::offload_optimizer, {true});
}

// Whether the replicas and microbatches of a split still come out even.
bool comes_out_even(const Asked& asked, const Execution& from, const Layout& layout) {
  if (layout.shard > 0 && replicas(layout) % layout.shard != 0) return false;
  const std::int64_t microbatches = asked.global_batch / (layout.data * from.microbatch);
  if (layout.schedule == PipelineSchedule::interleaved && microbatches % layout.pipeline != 0) return false;
  return asked.model.divides(layout);
}

// Twice the devices on an axis, and again, taken from the replicas where they can be halved.
ExecutionSpace with_twice(std::int64_t Layout::*axis, const Asked& asked, const Execution& from) {
  std::vector<Layout> splits;
  for (Layout layout = from.layout;;) {
    layout.*axis *= 2;
    if (layout.data % 2 == 0) layout.data /= 2;
    if (!comes_out_even(asked, from, layout)) break;
    Execution execution = from;
    execution.layout = layout;
    if (!asked.allowed(execution)) break;
    splits.push_back(layout);
  }
  return {splits, [&](const Layout&) { return Choices(from); }};
}

ExecutionSpace with_twice_tensor(const Asked& asked, const Execution& from) {
  return with_twice(&Layout::tensor, asked, from);
}
ExecutionSpace with_twice_context(const Asked& asked, const Execution& from) {
  return with_twice(&Layout::context, asked, from);
}
ExecutionSpace with_twice_pipeline(const Asked& asked, const Execution& from) {
  return with_twice(&Layout::pipeline, asked, from);
}

constexpr Remedy kRemedies[] = {with_sequence_parallel,  with_more_loss_chunks,   with_higher_zero_stage,
                                with_smaller_microbatch, with_twice_tensor,       with_twice_context,
                                with_twice_pipeline,     with_more_recomputation, with_offload};

// The execution without the changes that it does not need.
Execution pruned(const Asked& asked, const Execution& start, Execution found, double capacity) {
  const auto take_back = [&](auto change) {
    Execution without = found;
    change(without);
    if (asked.allowed(without) && need(asked, without) <= capacity) found = without;
  };
  take_back([&](Execution& without) { without.offload_optimizer = start.offload_optimizer; });
  take_back([&](Execution& without) { without.recompute = Recompute::selective; });
  take_back([&](Execution& without) { without.recompute = start.recompute; });
  take_back([&](Execution& without) { without.layout.zero_stage = start.layout.zero_stage; });
  take_back([&](Execution& without) { without.layout.sequence_parallel = start.layout.sequence_parallel; });
  take_back([&](Execution& without) { without.microbatch = start.microbatch; });
  for (std::int64_t chunks = kMostLossChunks / 2; chunks >= start.loss_chunks; chunks /= 2) {
    take_back([&](Execution& without) { without.loss_chunks = std::min(chunks, found.loss_chunks); });
  }
  return found;
}

// What differs between two executions, in the words of a RUN.yaml.
std::vector<std::string> differences(const Execution& was, const Execution& is) {
  std::vector<std::string> found;
  const auto put = [&](std::int64_t from, std::int64_t to, std::string_view key) {
    if (from != to) found.push_back(fmt::format("{} {}", key, to));
  };
  put(was.microbatch, is.microbatch, "microbatch");
  if (was.recompute != is.recompute) found.push_back(fmt::format("recompute {}", name(is.recompute)));
  put(was.loss_chunks, is.loss_chunks, "loss_chunks");
  if (was.offload_optimizer != is.offload_optimizer) found.push_back("offload_optimizer");
  const Layout &old = was.layout, &now = is.layout;
  put(old.tensor, now.tensor, "tensor");
  if (old.sequence_parallel != now.sequence_parallel) found.push_back("sequence_parallel");
  put(old.context, now.context, "context");
  put(old.pipeline, now.pipeline, "pipeline");
  put(old.data, now.data, "data");
  put(old.zero_stage, now.zero_stage, "zero_stage");
  if (devices(old) != devices(now)) {
    found.push_back(fmt::format("{} devices instead of {}", devices(now), devices(old)));
  }
  return found;
}

std::string sentence(const Execution& before, const Execution& after, double bytes, std::string_view verb) {
  return fmt::format("{} {} {:.1f} GB", joined(differences(before, after)), verb, bytes / 1e9);
}

// The first notch of the remedy that fits.
std::optional<Execution> fitting(const Asked& asked, Remedy remedy, const Execution& start, double capacity) {
  const ExecutionSpace notches = remedy(asked, start);
  for (std::int64_t i = 0; i < notches.size(); ++i) {
    const Execution execution = notches.at(i);
    if (asked.allowed(execution) && need(asked, execution) <= capacity) return execution;
  }
  return std::nullopt;
}

// All remedies as far as they go, each only as far as it helps, until the run fits.
Execution combined(const Asked& asked, const Execution& start, double capacity) {
  Execution best = start;
  for (const Remedy remedy : kRemedies) {
    double least = need(asked, best);
    const ExecutionSpace notches = remedy(asked, best);
    for (std::int64_t i = 0; i < notches.size() && least > capacity; ++i) {
      const Execution next = notches.at(i);
      if (!asked.allowed(next)) continue;
      const double bytes = need(asked, next);
      if (bytes >= least) continue;
      least = bytes;
      best = next;
    }
  }
  return best;
}

}  // namespace

std::vector<std::string> remedies(const MemoryModel& model, std::int64_t global_batch, const Execution& start,
                                  double capacity, const Allowed& allowed) {
  const Asked asked{model, global_batch, allowed};
  std::vector<std::string> found;
  if (need(asked, start) <= capacity) return found;
  for (const Remedy remedy : kRemedies) {
    if (const std::optional<Execution> one = fitting(asked, remedy, start, capacity)) {
      found.push_back(sentence(start, *one, need(asked, *one), "needs"));
    }
  }
  if (!found.empty()) return found;
  const Execution least = combined(asked, start, capacity);
  const double bytes = need(asked, least);
  if (bytes <= capacity) {
    const Execution needed = pruned(asked, start, least, capacity);
    return {sentence(start, needed, need(asked, needed), "together need")};
  }
  const std::string changed = joined(differences(start, least));
  return {fmt::format("{}the least it needs is {:.1f} GB of {:.1f} GB",
                      changed.empty() ? "" : "even with " + changed + " ", bytes / 1e9, capacity / 1e9)};
}

std::vector<std::string> remedies(const Run& run) {
  const auto can_run = [&](const Execution& execution) {
    return allowed(run.model, run.workload, execution, run.device);
  };
  return remedies(evaluator_of(run).memory(), run.workload.global_batch, run.execution, allocatable(run.device).value(),
                  can_run);
}

}  // namespace mobasim
