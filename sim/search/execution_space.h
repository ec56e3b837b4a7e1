// The executions there are to choose from, as a list that is never written out: indexable by one integer, and
// splittable into parts.
//
// A space is made of splits (tensor, context, pipeline, data) and, for each of them, of the values that every other
// choice may take. Its order: by split, then sequence parallelism, ZeRO stage, shard, way (algorithm and schedule),
// microbatch, recomputation, chunks of the loss and the optimizer's place, the last fastest. What of it can be run is
// for allowed() to say (sim/run/refusals.h).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/model/model_shape.h"
#include "sim/run/execution.h"

namespace mobasim {

// How a context group exchanges, and how a pipeline goes about its chunks.
struct Way {
  ContextAlgorithm context_algorithm = ContextAlgorithm::all_gather;
  PipelineSchedule schedule = PipelineSchedule::one_forward_one_backward;
  std::int64_t virtual_stages = 1;
};

// The values that each choice may take under one split; an empty list leaves the split out.
struct Choices {
  explicit Choices(const Execution& only);  // the one value of each
  std::vector<bool> sequence_parallel;
  std::vector<std::int64_t> zero_stage, shard;
  std::vector<Way> way;
  std::vector<std::int64_t> microbatch;
  std::vector<Recompute> recompute;
  std::vector<std::int64_t> loss_chunks;
  std::vector<bool> offload_optimizer;
};

// A range of indices, [begin, end).
struct IndexRange {
  std::int64_t begin = 0, end = 0;
};

class ExecutionSpace {
 public:
  using ChoicesOf = std::function<Choices(const Layout& split)>;
  // A choice takes the place of what a split says of it.
  ExecutionSpace(const std::vector<Layout>& splits, const ChoicesOf& choices);

  [[nodiscard]] std::int64_t size() const;
  // Precondition: 0 <= index < size().
  [[nodiscard]] Execution at(std::int64_t index) const;
  // Part `part` of `parts`, whose sizes differ by one at most. Precondition: 0 <= part < parts.
  [[nodiscard]] IndexRange part(std::int64_t part, std::int64_t parts) const;

 private:
  struct Block {
    std::int64_t begin;  // of its executions
    Layout split;
    Choices choices;
  };
  std::vector<Block> blocks_;
  std::int64_t size_ = 0;
};

// The splits of so many devices with a tensor, context and pipeline size of each list, in the order of the lists, the
// last fastest; data is what is left.
[[nodiscard]] std::vector<Layout> splits_of(std::int64_t devices, const std::vector<std::int64_t>& tensor,
                                            const std::vector<std::int64_t>& context,
                                            const std::vector<std::int64_t>& pipeline);

// Every algorithm of a context group and every schedule of a pipeline, interleaved with each number of chunks that
// divides the layers of a stage; of groups of one the first alone.
[[nodiscard]] std::vector<Way> every_way(const Layout& split, std::int64_t layers);

// Everything that may be chosen for a model on so many devices: every split and way, every ZeRO stage that has
// something to shard, every microbatch that divides a replica's batch, every recomputation.
[[nodiscard]] ExecutionSpace every_execution(const ModelShape& model, std::int64_t global_batch, std::int64_t devices);

}  // namespace mobasim
