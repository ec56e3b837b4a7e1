#include "sim/search/execution_space.h"

#include <algorithm>
#include <iterator>

#include "sim/base/divisors.h"

namespace mobasim {
namespace {

std::int64_t size_of(const Choices& choices) {
  std::int64_t size = 1;
  for (const std::size_t each :
       {choices.sequence_parallel.size(), choices.zero_stage.size(), choices.shard.size(), choices.way.size(),
        choices.microbatch.size(), choices.recompute.size(), choices.loss_chunks.size(),
        choices.offload_optimizer.size()}) {
    size *= static_cast<std::int64_t>(each);
  }
  return size;
}

// The value of a list that the lowest digit of the index names, which it takes off the index.
template <class Value>
Value taken(const std::vector<Value>& values, std::int64_t& index) {
  const auto count = static_cast<std::int64_t>(values.size());
  const auto place = static_cast<std::size_t>(index % count);
  index /= count;
  return values[place];
}

}  // namespace

Choices::Choices(const Execution& only)
    : sequence_parallel{only.layout.sequence_parallel},
      zero_stage{only.layout.zero_stage},
      shard{only.layout.shard},
      way{{only.layout.context_algorithm, only.layout.schedule, only.layout.virtual_stages}},
      microbatch{only.microbatch},
      recompute{only.recompute},
      loss_chunks{only.loss_chunks},
      offload_optimizer{only.offload_optimizer} {}

ExecutionSpace::ExecutionSpace(const std::vector<Layout>& splits, const ChoicesOf& choices) {
  for (const Layout& split : splits) {
    blocks_.push_back({size_, split, choices(split)});
    size_ += size_of(blocks_.back().choices);
  }
}

std::int64_t ExecutionSpace::size() const { return size_; }

Execution ExecutionSpace::at(std::int64_t index) const {
  const auto after = std::ranges::upper_bound(blocks_, index, {}, &Block::begin);
  const Block& block = *std::prev(after);
  const Choices& choices = block.choices;
  std::int64_t rest = index - block.begin;
  Execution execution;
  Layout& layout = execution.layout;
  layout = block.split;  // what no list of choices sets stays
  execution.offload_optimizer = taken(choices.offload_optimizer, rest);
  execution.loss_chunks = taken(choices.loss_chunks, rest);
  execution.recompute = taken(choices.recompute, rest);
  execution.microbatch = taken(choices.microbatch, rest);
  const Way way = taken(choices.way, rest);
  layout.context_algorithm = way.context_algorithm;
  layout.schedule = way.schedule;
  layout.virtual_stages = way.virtual_stages;
  layout.shard = taken(choices.shard, rest);
  layout.zero_stage = taken(choices.zero_stage, rest);
  layout.sequence_parallel = taken(choices.sequence_parallel, rest);
  return execution;
}

IndexRange ExecutionSpace::part(std::int64_t part, std::int64_t parts) const {
  const std::int64_t each = size_ / parts, more = size_ % parts;  // the first `more` parts have one more
  const std::int64_t begin = part * each + std::min(part, more);
  return {begin, begin + each + (part < more ? 1 : 0)};
}

std::vector<Layout> splits_of(std::int64_t devices, const std::vector<std::int64_t>& tensor,
                              const std::vector<std::int64_t>& context, const std::vector<std::int64_t>& pipeline) {
  std::vector<Layout> found;
  for (const std::int64_t t : tensor) {
    if (devices % t != 0) continue;
    for (const std::int64_t c : context) {
      if (devices / t % c != 0) continue;
      for (const std::int64_t p : pipeline) {
        if (devices / t / c % p != 0) continue;
        Layout split;
        split.tensor = t;
        split.context = c;
        split.pipeline = p;
        split.data = devices / t / c / p;
        found.push_back(split);
      }
    }
  }
  return found;
}

std::vector<Way> every_way(const Layout& split, std::int64_t layers) {
  std::vector<Way> found;
  for (const auto algorithm : {ContextAlgorithm::all_gather, ContextAlgorithm::ring, ContextAlgorithm::ulysses}) {
    for (const auto schedule :
         {PipelineSchedule::one_forward_one_backward, PipelineSchedule::gpipe, PipelineSchedule::zero_bubble_h1}) {
      found.push_back({algorithm, schedule, 1});
      if (split.pipeline == 1) break;
    }
    for (const std::int64_t chunks : divisors(layers / split.pipeline)) {
      if (split.pipeline > 1 && chunks > 1) found.push_back({algorithm, PipelineSchedule::interleaved, chunks});
    }
    if (split.context == 1) break;
  }
  return found;
}

ExecutionSpace every_execution(const ModelShape& model, std::int64_t global_batch, std::int64_t devices) {
  const std::vector<std::int64_t> sizes = divisors(devices);
  return {splits_of(devices, sizes, sizes, sizes), [&](const Layout& split) {
            Choices choices{Execution{}};
            if (split.tensor > 1) choices.sequence_parallel = {false, true};
            if (replicas(split) > 1) choices.zero_stage = {0, 1, 2, 3};
            choices.way = every_way(split, layers(model));
            choices.microbatch = divisors(std::max<std::int64_t>(global_batch / split.data, 1));
            choices.recompute = {Recompute::none, Recompute::selective, Recompute::full};
            return choices;
          }};
}

}  // namespace mobasim
