// How long one optimizer step of a layout takes, fast enough to search a hundred thousand layouts a second.
//
// What does not depend on the layout (counts of the model, curves of attention, rates of the device, policy of the
// stack) is prepared once in a StepModel; time() then is plain arithmetic. docs/method/simulator.md, "Time of a step"
// (A20).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "sim/base/basis.h"
#include "sim/device/attention_kernel.h"
#include "sim/device/device_tables.h"
#include "sim/model/model_shape.h"
#include "sim/run/execution.h"
#include "sim/stack/stack.h"

namespace mobasim {

// Where the time of a step goes, in the order of the breakdown. The parts of a step add up to its time: those of the
// stage with the most work, the rest of the pipeline's time as bubble.
enum class TimePart {
  gemm,         // matrix multiplications of the layers and the head
  attention,    // of the pairs: full, windowed, MoBA's own and routed blocks
  routing,      // MoBA's pool, gate, index and merge
  elementwise,  // what is bound by memory: norms, activations, residual sums, embedding, loss
  launch,       // the device waits for the host to issue kernels
  tensor,       // exposed collectives of the tensor group
  context,      // exposed collectives of the context group
  pipeline,     // exposed sends between stages
  bubble,       // the slowest stage waits
  data,         // exposed reduction of gradients and gathering of weights
  optimizer,    // the update, and the transfer of its states where they are on the host
  count
};
inline constexpr std::size_t kTimeParts = static_cast<std::size_t>(TimePart::count);
[[nodiscard]] std::string_view name(TimePart part);  // "matrix products", ...

struct StepTime {
  std::array<double, kTimeParts> seconds{};
  [[nodiscard]] double& operator[](TimePart part) { return seconds[static_cast<std::size_t>(part)]; }
  [[nodiscard]] double operator[](TimePart part) const { return seconds[static_cast<std::size_t>(part)]; }
  [[nodiscard]] double total() const {
    double sum = 0;
    for (const double part : seconds) sum += part;
    return sum;
  }
};

// One layer of one microbatch, with its exposed communication and without waiting for its kernels' starts.
struct LayerTime {
  StepTime forward, backward;
};

// Of one model, device, number format, stack and sequence; batch and execution may vary.
class StepModel {
 public:
  // The number format is that of the tables. Throws Unsupported for what is not modelled. Preconditions: no violations
  // of any argument.
  StepModel(const ModelShape& model, std::shared_ptr<const DeviceTables> tables, const Stack& stack,
            const KernelsOfRun& kernels, std::int64_t sequence);
  ~StepModel();
  StepModel(StepModel&&) noexcept;
  StepModel& operator=(StepModel&&) noexcept;

  // Of a step of `global_batch` sequences. Precondition: nothing to refuse (sim/run/refusals.h). Without allocation.
  [[nodiscard]] StepTime time(std::int64_t global_batch, const Execution& execution) const;
  // With other constants (calibration).
  [[nodiscard]] StepTime time(std::int64_t global_batch, const Execution& execution,
                              const StackConstants& constants) const;
  // Of the model's group of layers of this number.
  [[nodiscard]] LayerTime layer_time(const Execution& execution, std::size_t group) const;
  // No layout of these devices can be faster: all gemms of the step at the peak, layers that are computed again as a
  // whole included.
  [[nodiscard]] double roofline(std::int64_t global_batch, const Execution& execution) const;
  // Whether MoBA's queries go to where their blocks lie, because that is cheaper than gathering keys and values over
  // the context group.
  [[nodiscard]] bool queries_travel(const Execution& execution) const;
  // The stack's constants, and those with which every operation takes as little or as much time as what it rests on
  // leaves open: rows that disagree, ranges of assumed efficiencies.
  [[nodiscard]] const StackConstants& constants() const;
  [[nodiscard]] const StackConstants& least_constants() const;
  [[nodiscard]] const StackConstants& most_constants() const;
  // What the time of a part rests on.
  [[nodiscard]] Basis basis(TimePart part) const;

 private:
  struct Prepared;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace mobasim
