// What a run holds in a device's memory at its peak: weights, gradients, optimizer, activations, logits.
//
// Closed form, no fitted constant. Sources: Korthikanti et al. 2022 (arXiv 2205.05198) for activations, Rajbhandari et
// al. 2020 (arXiv 1910.02054) for the sharding of states; sim/memory/layer_memory.h has what a layer needs.
// docs/method/memory.md (A59).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/device/device.h"
#include "sim/memory/layer_memory.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/run/execution.h"
#include "sim/stack/stack.h"

namespace mobasim {

// What fills the memory, in the order of the breakdown. The parts are those of one moment, so they add up to the peak:
// logits are 0 when the peak is in a layer's backward pass, the working layer when it is at the loss.
enum class MemoryComponent { weights, gradients, optimizer, activations, working_layer, logits, communication, count };
inline constexpr std::size_t kMemoryComponents = static_cast<std::size_t>(MemoryComponent::count);
[[nodiscard]] std::string_view name(MemoryComponent component);  // "working layer"

struct MemoryUse {
  std::array<double, kMemoryComponents> bytes{};
  std::int64_t stage = 0;  // of the pipeline
  [[nodiscard]] double& operator[](MemoryComponent part) { return bytes[static_cast<std::size_t>(part)]; }
  [[nodiscard]] double operator[](MemoryComponent part) const { return bytes[static_cast<std::size_t>(part)]; }
  [[nodiscard]] double total() const {
    double sum = 0;
    for (const double part : bytes) sum += part;
    return sum;
  }
};

// PyTorch's allocator keeps more than it hands out: reserved over allocated bytes are 1.02 to 1.07 in the logs of
// torchtitan and Megatron-LM (A58). A device has to hold the allocated peak times this.
inline constexpr double kReservedOverAllocated = 1.04;
// What a run may allocate on a device: its memory less what it reserves and the allocator keeps beside.
// Of a Device or of its DeviceTables.
template <class AnyDevice>
[[nodiscard]] Bytes allocatable(const AnyDevice& device) {
  return (device.memory - device.reserved_memory) / kReservedOverAllocated;
}

// What does not depend on the layout is prepared once; an evaluation is plain arithmetic. What the device itself
// reserves (context, libraries) and what the allocator keeps beside are left to the caller.
class MemoryModel {
 public:
  // `kernels`: the names of what computes the attention of each group of layers (LayerKernel). kMathAttention keeps its
  // scores; "" stands for a kernel that does not, and of MoBA for ours. Throws Unsupported for an unknown dtype.
  MemoryModel(const ModelShape& model, const StackPolicy& stack, std::span<const std::string_view> kernels,
              std::string_view dtype, std::int64_t sequence);

  // The device that needs most, of all stages, in a step of `global_batch` sequences.
  [[nodiscard]] MemoryUse worst(std::int64_t global_batch, const Execution& execution) const;
  [[nodiscard]] MemoryUse of_stage(std::int64_t global_batch, const Execution& execution, std::int64_t stage) const;

  // Whether tensor and context groups divide heads and sequence, and there is a layer for each chunk of the pipeline.
  [[nodiscard]] bool divides(const Layout& layout) const;

 private:
  struct Split;    // how a layout divides what one device would hold
  struct Holding;  // the layers of a stage

  [[nodiscard]] Holding holding(std::int64_t global_batch, const Execution& execution, const Split& split,
                                std::int64_t stage) const;
  void add_states(const Execution& execution, const Split& split, const Holding& held, MemoryUse& use) const;
  void add_moment(const Execution& execution, const Split& split, const Holding& held, MemoryUse& use) const;
  [[nodiscard]] double context_buffers(const LayerMemory& layer, const Layout& layout, const Split& split) const;

  // Running sums over the layers: entry i is of the layers before i.
  struct Sums {
    double sharded_parameters = 0, replicated_parameters = 0, gemm_parameters = 0;
    std::array<Kept, 3> kept;
  };
  std::vector<Sums> before_;
  std::vector<LayerMemory> kinds_;        // layers that differ
  std::vector<std::int64_t> kind_, run_;  // by layer: its kind, and the first later layer of another kind
  std::int64_t layers_ = 0, sequence_ = 0;
  double hidden_ = 0, vocab_ = 0, positions_ = 0, final_norm_ = 0;
  std::int64_t heads_ = 0;  // greatest common divisor of heads and key heads
  bool tied_ = false;
  NumberFormat format_;
  StateBytesPerParameter states_;
  bool transformer_engine_ = false, keeps_stage_outputs_ = false, f32_weights_ = false;
  std::array<double, 2> logit_bytes_{};  // of a logit at the loss: on one device, over a tensor group
  double reduced_bytes_ = 0;
};

}  // namespace mobasim
