// One question asked of the whole model: how long does a step take, how much memory does it need, does it fit?
//
// What a device says is prepared once (DeviceTables); an Evaluator is for one model, stack, number format and sequence
// and is cheap to make (microseconds), so that sequences, blocks and top_k can be swept; evaluating a batch and an
// execution is plain arithmetic. plan, validate, calibrate, remedies, studies and searches all stand on it.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/device/device_tables.h"
#include "sim/memory/memory_model.h"
#include "sim/run/run.h"
#include "sim/step/step_model.h"

namespace mobasim {

struct Evaluation {
  StepTime time;     // seconds of one optimizer step, by part
  MemoryUse memory;  // bytes allocated on the device that needs most
  bool fits = false;  // in what the device lets a run allocate
};

class Evaluator {
 public:
  // The number format is that of the tables. Throws Unsupported for what is not modelled. Preconditions: no violations of
  // any argument.
  Evaluator(const ModelShape& model, std::shared_ptr<const DeviceTables> tables, const Stack& stack,
            const KernelChoice& kernels, std::int64_t sequence);

  // Of a step of `global_batch` sequences. Precondition: nothing to refuse (sim/run/refusals.h). Without allocation.
  [[nodiscard]] Evaluation evaluate(std::int64_t global_batch, const Execution& execution) const;
  // What it is made of.
  [[nodiscard]] const StepModel& step() const { return step_; }
  [[nodiscard]] const MemoryModel& memory() const { return memory_; }

 private:
  Evaluator(const ModelShape& model, std::shared_ptr<const DeviceTables> tables, const Stack& stack,
            const KernelsOfRun& kernels, std::int64_t sequence);
  double allocatable_;
  StepModel step_;
  MemoryModel memory_;
};

// For the run's own model, device, stack, format and sequence.
[[nodiscard]] Evaluator evaluator_of(const Run& run);

}  // namespace mobasim
