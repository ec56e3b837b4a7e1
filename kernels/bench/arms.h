// What bench times: each group of arms is one comparison (full attention and MoBA of one shape, in each format),
// sampled in turns.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/bench/shapes.h"
#include "kernels/bench/timing.h"
#include "kernels/bf16.h"
#include "kernels/cases.h"
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/micro_kernels.h"
#include "sim/base/profile.h"

namespace mobasim::kernels::bench {

// Inputs: windows of one block of memory, each run at another place, so that no run finds its inputs in the cache where
// the pool is at least twice the last-level cache. T: float or Bf16.
template <class T>
class InputPool {
 public:
  InputPool(std::size_t values, std::uint64_t seed);
  [[nodiscard]] std::span<const T> next(std::size_t values);

 private:
  cpu::Buffer<T> values_;
  std::size_t at_ = 0;
};

// Of each format that is timed; the others are empty.
struct InputPools {
  InputPool<float> f32;
  InputPool<Bf16> bf16;
};
template <class T>
[[nodiscard]] InputPool<T>& pool_of(InputPools& pools) {
  if constexpr (std::is_same_v<T, float>) {
    return pools.f32;
  } else {
    return pools.bf16;
  }
}

// What every arm of a bench shares.
struct ArmOptions {
  int threads = 1;
  const cpu::MicroKernels* micro = nullptr;
  std::vector<Dtype> dtypes;
  InputPools* pools = nullptr;
};

// What a row of a timed pass says before its time: pass is forward or backward.
[[nodiscard]] ProfileRow attention_row(const Problem& problem, std::string implementation, std::string_view dtype,
                                       const char* pass);
// Median, quartiles and number of the samples, in seconds.
void set_measured(ProfileRow& row, const std::vector<double>& samples);

struct Group {
  std::string name;
  std::vector<Arm> arms;
  std::vector<std::vector<ProfileRow>> rows;  // of each arm, one for each of its times; times are filled in later
  std::vector<Flops> work;                    // of each arm, as executed; 0 where time is not that of multiply-adds
  std::vector<std::string> kinds;             // of each arm: arms of a kind run at about one rate
  bool always = false;                        // runs whatever the budget: the profile needs it
};

// The peak of multiply-adds in each format, with one thread and with all.
[[nodiscard]] Group peak_group(const ArmOptions& options);
// Copies of `bytes` and of a quarter, reads and triads of `bytes`.
[[nodiscard]] Group memory_group(int threads, std::size_t bytes);
// Formats that the library has no kernel for on this processor are left out, told in `left_out`.
[[nodiscard]] Group gemm_group(const GemmCase& gemm, const ArmOptions& options, std::vector<std::string>& left_out);
// All cases of one length and head_dim.
[[nodiscard]] Group attention_group(const std::vector<Case>& cases, const ArmOptions& options);
// All layers of one length and width.
[[nodiscard]] Group layer_group(const std::vector<LayerShape>& shapes, const ArmOptions& options,
                                std::vector<std::string>& left_out);
// Values that the inputs of the largest of `cases` and of the gemms and layers need.
[[nodiscard]] std::size_t largest_input(const std::vector<Case>& cases);

// FLOP/s of f32 multiply-adds by all threads, the median of three parts that take about a millisecond together: what
// the machine can do now. Of what interrupts it for a moment the median knows nothing, of a slower clock all three.
[[nodiscard]] std::function<double()> peak_probe(const cpu::MicroKernels& micro, int threads);

}  // namespace mobasim::kernels::bench
