#include "sim/measured/candidates.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/divisors.h"
#include "sim/base/text.h"
#include "sim/parallel/stages.h"
#include "sim/run/refusals.h"
#include "sim/search/execution_space.h"

namespace mobasim {
namespace {

constexpr std::int64_t kMostMicrobatch = 64, kMostStages = 128, kMostChunks = 32;

std::vector<std::int64_t> powers_of_two(std::int64_t most) {
  std::vector<std::int64_t> values;
  for (std::int64_t value = 1; value <= most; value *= 2) values.push_back(value);
  return values;
}

// Tensor groups within a node, pipelines that divide the layers.
std::vector<Layout> splits(const MeasuredRun& run, std::int64_t devices_per_node) {
  if (!run.free.split) return {run.execution.layout};
  return splits_of(run.devices, powers_of_two(devices_per_node), {run.execution.layout.context},
                   divisors(layers(run.model), kMostStages));
}

// Chunks that divide the layers of a stage.
std::vector<Way> ways(const MeasuredRun& run, const Layout& split) {
  const Layout& said = run.execution.layout;
  const Way own{said.context_algorithm, said.schedule, said.virtual_stages};
  if (!(run.free.virtual_stages || run.free.split) || split.pipeline == 1) return {own};
  std::vector<Way> found;
  const std::int64_t all = layers(run.model);
  const bool ends_count = layer_split(all, split.pipeline) == LayerSplit::embedding_and_head_as_layers;
  for (const std::int64_t chunks : divisors((all + (ends_count ? 2 : 0)) / split.pipeline, kMostChunks)) {
    if (chunks == 1 && said.schedule == PipelineSchedule::interleaved) continue;  // said to be interleaved
    found.push_back({own.context_algorithm, chunks > 1 ? PipelineSchedule::interleaved : own.schedule, chunks});
  }
  return found;
}

// What the row leaves open, but for recomputation and the sharing of states.
ExecutionSpace open_choices(const MeasuredRun& run, std::int64_t devices_per_node) {
  return {splits(run, devices_per_node), [&](const Layout& split) {
            Choices choices(run.execution);
            choices.way = ways(run, split);
            if (run.free.split) choices.sequence_parallel = {split.tensor > 1};
            if (run.free.microbatch) choices.microbatch = powers_of_two(kMostMicrobatch);
            return choices;
          }};
}

// A run whose layout is settled, and what it has to fit in.
struct Settled {
  const MeasuredRun& run;
  const MemoryModel& model;
  double available;  // bytes
};

Candidate with_memory(const Settled& settled, const Execution& execution) {
  Candidate one{.execution = execution};
  one.memory = settled.model.worst(settled.run.workload.global_batch, execution).total();
  one.fits = one.memory <= settled.available;
  return one;
}

// The least recomputation that fits: none, selective, or in full all layers or as many as memory asks for. Where not
// even all of them would do, memory is no guide, and the run had it otherwise: none.
Candidate least_recomputed(const Settled& settled, Execution execution) {
  if (!settled.run.free.recompute) return with_memory(settled, execution);
  execution.recompute = Recompute::none;
  const Candidate none = with_memory(settled, execution);
  if (none.fits) return none;
  execution.recompute = Recompute::full;
  const Candidate full = with_memory(settled, execution);
  if (!full.fits) return none;
  execution.recompute = Recompute::selective;
  Candidate selective = with_memory(settled, execution);
  if (selective.fits) return selective;
  if (!settled.run.free.recompute_in_part) return full;
  selective.recomputed_share = (selective.memory - settled.available) / (selective.memory - full.memory);
  selective.memory = settled.available;
  selective.fits = true;
  return selective;
}

// States are shared by the smallest free group that fits; else what needs least memory.
Candidate least_shared(const Settled& settled, Execution execution) {
  const Candidate first = least_recomputed(settled, execution);
  if (first.fits || !settled.run.free.shard) return first;
  execution.layout.shard = 0;
  return least_recomputed(settled, execution);
}

// Why a run whose row leaves choices open has none.
std::string nothing_left_words(const MeasuredRun& run) {
  const Layout& said = run.execution.layout;
  if (said.schedule == PipelineSchedule::interleaved) {
    return fmt::format("no stage of {} layers on {} devices has the several chunks of an interleaved schedule",
                       layers(run.model), run.devices);
  }
  return fmt::format("no split of {} devices goes with context {}", run.devices, said.context);
}

std::string words_of(const std::vector<Refusal>& refused) {
  std::vector<std::string> whys;
  for (const Refusal& refusal : refused) whys.push_back(refusal.why);
  return joined(whys, "; ");
}

}  // namespace

std::vector<Candidate> candidates_of(const MeasuredRun& run, const MemoryModel& model, double memory,
                                     const Device& device, std::string& reason) {
  std::vector<Candidate> fitting, others;
  const Settled settled{run, model, memory};
  const ExecutionSpace space = open_choices(run, device.devices_per_node);
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const Execution execution = space.at(i);
    if (!allowed(run.model, run.workload, execution, device)) {
      if (reason.empty()) reason = words_of(refusals(run.model, run.workload, execution, device));
      continue;
    }
    const Candidate one = least_shared(settled, execution);
    (one.fits ? fitting : others).push_back(one);
  }
  if (fitting.empty() && !others.empty()) {
    fitting.push_back(*std::ranges::min_element(others, {}, &Candidate::memory));
  }
  if (!fitting.empty()) {
    reason.clear();
  } else if (reason.empty()) {
    reason = nothing_left_words(run);
  }
  return fitting;
}

}  // namespace mobasim
