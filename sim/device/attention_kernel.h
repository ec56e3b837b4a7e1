// Which kernel computes a layer's attention: settled here, once, for its time and for its memory
// (docs/method/step.md, A52).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/device/attention_table.h"
#include "sim/model/model_shape.h"
#include "sim/stack/stack.h"

namespace mobasim {

// Which implementation of each mechanism a run names; empty: none.
struct KernelChoice {
  std::string full = "";
  std::string moba = "";
  std::string sliding_window = "";
};
[[nodiscard]] const std::string& chosen_implementation(const KernelChoice& kernels, const Attention& mechanism);

// A kernel of a device's table; or attention by gemms with a softmax between, its scores in memory; or neither: the
// device has no rows, and its assumed efficiency stands for the kernel.
struct LayerKernel {
  const TimedKernel* timed = nullptr;
  bool math = false;
  [[nodiscard]] std::string_view name() const {
    return math ? kMathAttention : timed != nullptr ? std::string_view(timed->implementation) : "";
  }
};

// Settles the kernels of one run on one device. What it is made of must outlive it.
class KernelsOfRun {
 public:
  KernelsOfRun(const AttentionTable& table, std::string_view device, const Stack& stack, const KernelChoice& kernels);

  // What computes `layer`: the implementation that the run names for its mechanism; else the stack's, where the device
  // has rows of it or it is kMathAttention, which serves windows by a mask; else the fastest that the device has rows
  // of. Precondition: a layer that attends to everything has full attention. Throws Unsupported where the run names
  // what the device has no rows of.
  [[nodiscard]] LayerKernel of(const AttentionLayer& layer) const;
  // Of a layer of the group over one sequence of that length.
  [[nodiscard]] LayerKernel of(const LayerGroup& group, std::int64_t sequence) const;

 private:
  const AttentionTable& table_;
  const KernelChoice& kernels_;
  LayerKernel of_stack_;  // of full attention
};

// A group's attention over one sequence as the kernels see it: full attention wherever everything is attended to.
[[nodiscard]] AttentionLayer attention_layer(const LayerGroup& group, std::int64_t sequence, Pass pass);

}  // namespace mobasim
