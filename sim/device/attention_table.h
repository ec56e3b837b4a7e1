// The attention kernels of a device in one number format, prepared once: how long a layer takes by one of them, or by
// the device's assumed efficiency where it has none (docs/method/step.md, "Attention").
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/device/attention_layer.h"
#include "sim/device/attention_rows.h"
#include "sim/device/device.h"

namespace mobasim {

class AttentionTable {
 public:
  // Throws Unsupported when the device has no peak for the format.
  AttentionTable(const Device& device, std::string_view dtype);

  // Implementations of a mechanism that serve both passes, in the order of the device's table.
  [[nodiscard]] std::vector<std::string> implementations(std::string_view mechanism) const;
  // The implementation of that name that has rows for the mechanism; nullptr where there is none.
  [[nodiscard]] const TimedKernel* kernel(const Attention& mechanism, std::string_view implementation) const;
  // Likewise; throws Unsupported where there is none.
  [[nodiscard]] const TimedKernel& named_kernel(const AttentionLayer& layer, std::string_view implementation) const;
  // The implementation with the least time per useful FLOP, forward and backward together, at its measured parameters
  // (what is scaled from them is too uncertain to choose by). One that was timed at a single length is no candidate
  // where there are others: its rate held to all others beats them unduly. nullptr when none has rows of both passes.
  [[nodiscard]] const TimedKernel* fastest(const AttentionLayer& layer) const;

  // By `kernel`, of the layer's mechanism; nullptr: by the device's assumed efficiency. Precondition: a layer that attends
  // to everything has full attention. Throws Unsupported when the kernel has no rows of the pass, or the device no
  // efficiency.
  [[nodiscard]] TimeEstimate time(const AttentionLayer& layer, const TimedKernel* kernel) const;
  // What that time rests on, in words: "flash_attention_3 forward, rows 2K..16K".
  [[nodiscard]] std::string note(const AttentionLayer& layer, const TimedKernel* kernel) const;
  // Seconds of a MoBA layer that its attended pairs do not take: pool, gate, index and merge. `all`: of the whole layer.
  [[nodiscard]] Seconds routing_time(const AttentionLayer& layer, const TimedKernel* kernel, Seconds all) const;

  // The least time that the device's peaks allow, by hardware FLOPs: a backward pass that does not keep the scores
  // computes them again.
  [[nodiscard]] Seconds roofline(const AttentionLayer& layer) const;

 private:
  struct FromRows;
  using Kernels = std::vector<TimedKernel>;
  [[nodiscard]] const Kernels& kernels(const Attention& mechanism) const { return kernels_[mechanism.index()]; }
  [[nodiscard]] TimeEstimate held(const FromRows& rows, const CurvePoint& end) const;
  [[nodiscard]] TimeEstimate at_measured_setting(const FromRows& rows) const;
  [[nodiscard]] TimeEstimate by_kernel(const AttentionLayer& layer, const TimedKernel& kernel) const;
  [[nodiscard]] const TimedKernel* fastest(const AttentionLayer& layer, bool curves_only) const;
  [[nodiscard]] const Efficiency& assumed_efficiency(const Attention& mechanism) const;
  [[noreturn]] void throw_no_rows(const AttentionLayer& layer, std::string_view implementation) const;

  std::string device_, dtype_;
  std::int64_t dtype_bytes_ = 2;
  FlopRate peak_;
  ByteRate memory_bandwidth_;
  std::map<std::string, Efficiency> efficiency_;
  std::array<Kernels, std::variant_size_v<Attention>> kernels_;  // by mechanism, in the order of Attention
};

}  // namespace mobasim
