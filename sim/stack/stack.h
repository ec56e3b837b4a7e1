// A software stack: which kernels run, what they fuse, what overlaps, and the few constants fitted to measured runs.
//
// The policy (configs/stacks/NAME.yaml) is written by hand, each choice with its source. The constants come from the
// calibration (configs/stacks/calibration.yaml, written by `mobasim calibrate`); a stack without them is uncalibrated
// and keeps the priors.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/basis.h"

namespace mobasim {

// How a layer's operations outside of gemms and attention run. eager: each reads and writes memory. fused: bias with
// activation, bias with dropout and residual sum, softmax with its mask. compiled: chains of them are one kernel.
enum class Fusion { eager, fused, compiled };
// What hides tensor-parallel collectives: nothing; in the backward pass the gemm of the weight's gradient; the
// gemms before and after them, cut into pieces.
enum class TensorOverlap { none, weight_gradient, all };

// The constants that may be fitted, each a factor on the time that device and policy say, in the order of the
// enumeration. A stack names those that are (at most four); the others stay 1.
//   gemm           matrix multiplications ("product" in files)
//   attention      attention kernels
//   memory_bound   operations bound by memory
//   communication  collectives and sends
//   overhead       issuing kernels from the host
enum class StackConstant { gemm, attention, memory_bound, communication, overhead };
inline constexpr std::size_t kStackConstants = 5;
inline constexpr std::size_t kMostFitted = 4;

struct StackConstants {
  std::array<double, kStackConstants> factor{1, 1, 1, 1, 1};
  [[nodiscard]] double operator[](StackConstant which) const { return factor[static_cast<std::size_t>(which)]; }
};

// What the constants rest on.
struct StackEvidence {
  std::int64_t rows = 0;
  std::vector<std::string> sources;
  // Of log(predicted / measured) of rows left out (by source, else by configuration): root mean square, median, and the
  // half-width of the interval that they leave (A72).
  double spread = 0, bias = 0, width = 0;
  // What the rows span: beyond it the interval widens (interval.h).
  std::vector<std::string> device_names;
  std::int64_t sequence_lo = 0, sequence_hi = 0, devices_lo = 0, devices_hi = 0;
};

// The implementation of attention by gemms with a softmax between, its scores in memory.
inline constexpr std::string_view kMathAttention = "math";

// What a stack does, by choice: plain values, copied where times and memory are worked out.
struct StackPolicy {
  Fusion fusion = Fusion::fused;
  bool fused_loss = false;  // cross-entropy without an f32 copy of the logits
  bool dropout = false;     // masks are written and read
  TensorOverlap overlap_tensor = TensorOverlap::none;
  bool overlap_data = false;        // gradients are reduced while the backward pass of the last microbatch runs
  bool overlap_weights = false;     // weights are gathered while the forward pass runs (ZeRO 1 to 3)
  bool overlap_pipeline = false;    // sends between stages run beside the next operation
  std::int64_t gradient_bytes = 4;  // of a gradient that is accumulated
  std::int64_t reduced_bytes = 4;   // of a gradient that is sent
  // Of a second gradient that is never sharded (DeepSpeed's BF16 optimizer adds 16-bit gradients to f32 ones).
  std::int64_t second_gradient_bytes = 0;
  bool f32_weights = false;  // weights stay in f32 and are cast where they are gathered: no master copy beside (FSDP)
  // Linear layers of TransformerEngine: a 16-bit gradient of each shape of weight stands by (its get_dummy_wgrad), the
  // inputs of fp8 gemms and copies of their weights are kept in fp8.
  bool transformer_engine = false;
  // The output of a pipeline's stage stays until its gradient comes (DeepSpeed, PyTorch; Megatron-LM frees it).
  bool keeps_stage_outputs = false;
  // Selective recomputation keeps attention's result and every other gemm's (torchtitan's policy by operation);
  // otherwise all but attention's scores.
  bool selective_every_other_gemm = false;
  bool reduce_each_microbatch = false;  // FSDP without no_sync: gradients travel with every microbatch
  bool stops_early = false;    // full recomputation ends with the last value that the backward pass needs (A80)
  bool recomputes = true;      // where a table of runs does not say: as much as memory asks for; else nothing
  double contention = 0;       // share of a hidden collective's time that it costs what hides it (A47)
  double issue_time = 0;       // seconds to issue a kernel from the host; 0: CUDA graphs
  double microbatch_time = 0;  // seconds that a device waits for its host with every microbatch, scaled likewise

  bool operator==(const StackPolicy&) const = default;
};

struct Stack {
  std::string name;
  std::string source;
  // Implementation of full attention by device name; "" is for all others. "math": gemms with a softmax between.
  std::map<std::string, std::string> attention;
  StackPolicy policy;
  std::vector<StackConstant> fitted;  // by the calibration
  StackConstants constants;
  std::optional<StackEvidence> evidence;  // absent: uncalibrated
};

[[nodiscard]] const std::vector<std::string>& stack_constant_names();  // in the order of the enumeration
// The implementation of full attention on a device; "" where the stack names none.
[[nodiscard]] std::string attention_of(const Stack& stack, std::string_view device);

// A policy. Throws ConfigError.
[[nodiscard]] Stack stack_from(const std::filesystem::path& file);
// Every policy of a folder, in the order of their files, and the calibration applied where it is not empty. Throws
// ConfigError, also for a policy whose name is not its file's.
[[nodiscard]] std::vector<Stack> stacks_from(const std::filesystem::path& folder,
                                             const std::filesystem::path& calibration);
// The stack of a name in configs/stacks with its calibration; what is wrong with the name in `problem`. Reads no other
// stack. Throws ConfigError for what is wrong in its file or in its entry of the calibration.
[[nodiscard]] Stack shipped_stack(const std::string& name, const std::filesystem::path& configs, std::string& problem);

}  // namespace mobasim
