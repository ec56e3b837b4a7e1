#include "sim/measured/candidates.h"

#include <algorithm>

#include "sim/base/divisors.h"
#include "sim/base/text.h"
#include "sim/parallel/stages.h"
#include "sim/run/refusals.h"

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
  if (!run.free.split) return {run.layout};
  std::vector<Layout> found;
  for (const std::int64_t tensor : powers_of_two(devices_per_node)) {
    for (const std::int64_t pipeline : divisors(layers(run.model), kMostStages)) {
      const std::int64_t group = tensor * pipeline * run.layout.context;
      if (run.devices % group != 0) continue;
      Layout layout = run.layout;
      layout.tensor = tensor, layout.pipeline = pipeline, layout.data = run.devices / group;
      layout.sequence_parallel = tensor > 1;
      found.push_back(layout);
    }
  }
  return found;
}

std::vector<Layout> with_chunks(const MeasuredRun& run, const Layout& layout) {
  if (!(run.free.virtual_stages || run.free.split) || layout.pipeline == 1) return {layout};
  std::vector<Layout> found;
  const std::int64_t all = layers(run.model);
  const bool ends_count = layer_split(all, layout.pipeline) == LayerSplit::embedding_and_head_as_layers;
  for (const std::int64_t chunks : divisors((all + (ends_count ? 2 : 0)) / layout.pipeline, kMostChunks)) {
    if (chunks == 1 && layout.schedule == PipelineSchedule::interleaved) continue;  // said to be interleaved
    found.push_back(layout);
    found.back().virtual_stages = chunks;
    if (chunks > 1) found.back().schedule = PipelineSchedule::interleaved;
  }
  return found;
}

Candidate with_memory(const MemoryModel& model, const Workload& workload, const Layout& layout, double available) {
  Candidate one{.workload = workload, .layout = layout, .memory = model.worst(workload, layout).total()};
  one.fits = one.memory <= available;
  return one;
}

// The least recomputation that fits: none, selective, or in full all layers or as many as memory asks for. Where not
// even all of them would do, memory is no guide, and the run had it otherwise: none.
Candidate least_recomputed(const MeasuredRun& run, const MemoryModel& model, Workload workload, const Layout& layout,
                           double available) {
  if (!run.free.recompute) return with_memory(model, workload, layout, available);
  workload.recompute = Recompute::none;
  const Candidate none = with_memory(model, workload, layout, available);
  if (none.fits) return none;
  workload.recompute = Recompute::full;
  const Candidate full = with_memory(model, workload, layout, available);
  if (!full.fits) return none;
  workload.recompute = Recompute::selective;
  Candidate selective = with_memory(model, workload, layout, available);
  if (selective.fits) return selective;
  if (!run.free.recompute_in_part) return full;
  selective.recomputed_share = (selective.memory - available) / (selective.memory - full.memory);
  selective.memory = available, selective.fits = true;
  return selective;
}

// States are shared by the smallest free group that fits; else what needs least memory.
Candidate settled(const MeasuredRun& run, const MemoryModel& model, double available, const Workload& workload,
                  Layout layout) {
  const Candidate first = least_recomputed(run, model, workload, layout, available);
  if (first.fits || !run.free.shard) return first;
  layout.shard = 0;
  return least_recomputed(run, model, workload, layout, available);
}

// "" or why the models cannot answer this layout.
std::string problem_of(const ModelShape& model, const Workload& workload, const Layout& layout, const Device& device) {
  std::vector<std::string> whys;
  for (const Refusal& refusal : refusals(model, workload, layout, device)) whys.push_back(refusal.why);
  return joined(whys, "; ");
}

}  // namespace

std::vector<Candidate> candidates_of(const MeasuredRun& run, const MemoryModel& model, double memory,
                                     const Device& device, std::string& reason) {
  std::vector<Candidate> fitting, others;
  const auto microbatches =
      run.free.microbatch ? powers_of_two(kMostMicrobatch) : std::vector<std::int64_t>{run.workload.microbatch};
  for (const Layout& split : splits(run, device.devices_per_node)) {
    for (const Layout& layout : with_chunks(run, split)) {
      for (const std::int64_t microbatch : microbatches) {
        Workload workload = run.workload;
        workload.microbatch = microbatch;
        const std::string problem = problem_of(run.model, workload, layout, device);
        if (reason.empty()) reason = problem;
        if (!problem.empty()) continue;
        const Candidate one = settled(run, model, memory, workload, layout);
        (one.fits ? fitting : others).push_back(one);
      }
    }
  }
  if (fitting.empty() && !others.empty()) {
    const auto least = [](const Candidate& a, const Candidate& b) { return a.memory < b.memory; };
    fitting.push_back(*std::ranges::min_element(others, least));
  }
  if (!fitting.empty()) reason.clear();
  return fitting;
}

}  // namespace mobasim
