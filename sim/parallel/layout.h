// How a run is split over devices: data, tensor, sequence, pipeline and context parallelism, and the sharding of
// states.
//
// The ranks of a cluster are numbered with tensor fastest, then context, then data, then pipeline, as Megatron-LM does
// ("tp-cp-dp-pp"): tensor groups lie in a node wherever they fit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mobasim {

// The order in which a pipeline's stages work (sim/parallel/pipeline.h).
enum class PipelineSchedule { gpipe, one_forward_one_backward, interleaved, zero_bubble_h1 };
// How a sequence that is split over devices attends to all of it (sim/step/context_time.h).
enum class ContextAlgorithm { all_gather, ring, ulysses };

struct Layout {
  std::int64_t tensor = 1;
  bool sequence_parallel = false;  // norms and residual sums split over the tensor group too
  std::int64_t context = 1;        // devices that share one sequence
  ContextAlgorithm context_algorithm = ContextAlgorithm::all_gather;
  std::int64_t pipeline = 1;        // stages
  std::int64_t virtual_stages = 1;  // chunks of layers a device works on; above 1 the schedule is interleaved
  PipelineSchedule schedule = PipelineSchedule::one_forward_one_backward;
  std::int64_t data = 1;        // data-parallel replicas
  std::int64_t zero_stage = 0;  // 0 replicas, 1 optimizer states sharded, 2 gradients too, 3 weights too (FSDP)
  std::int64_t shard = 0;       // devices that share the states; 0: all of data x context. Fewer: HSDP

  bool operator==(const Layout&) const = default;
};

[[nodiscard]] constexpr std::int64_t devices(const Layout& layout) {
  return layout.tensor * layout.context * layout.pipeline * layout.data;
}
// Devices that hold the same weights, and sum their gradients: data x context.
[[nodiscard]] constexpr std::int64_t replicas(const Layout& layout) { return layout.data * layout.context; }
// Devices that share one copy of what the ZeRO stage shards.
[[nodiscard]] constexpr std::int64_t shard_devices(const Layout& layout) {
  return layout.shard > 0 ? layout.shard : replicas(layout);
}

[[nodiscard]] std::string_view name(PipelineSchedule schedule);   // "1f1b"
[[nodiscard]] std::string_view name(ContextAlgorithm algorithm);  // "all_gather"
[[nodiscard]] const std::vector<std::string>& schedule_names();   // in the order of the enumeration
[[nodiscard]] const std::vector<std::string>& context_names();    // likewise
[[nodiscard]] PipelineSchedule schedule_named(std::string_view);  // of one of the names
[[nodiscard]] ContextAlgorithm context_named(std::string_view);   // likewise
// "tensor 8, pipeline 16 (interleaved, 4 chunks), data 4, zero_stage 1"; of one device "one device".
[[nodiscard]] std::string description(const Layout& layout);

}  // namespace mobasim
