// What bench times: each group of arms is one comparison (full attention and MoBA at one length), sampled in turns.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/cases.h"
#include "kernels/cpu/buffer.h"
#include "kernels/timing.h"
#include "sim/base/profile.h"

namespace mobasim::kernels {

// Inputs: windows of one block of memory, each run at another place, so that no run finds its inputs in the cache where
// the pool is at least twice the last-level cache.
class InputPool {
 public:
  InputPool(std::size_t floats, std::uint64_t seed);
  [[nodiscard]] std::span<const float> next(std::size_t floats);
  [[nodiscard]] std::size_t floats() const { return values_.size(); }

 private:
  Buffer<float> values_;
  std::size_t at_ = 0;
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
  Flops work;                                 // of one round, as executed
  bool always = false;                        // runs whatever the budget: the profile needs it
};

[[nodiscard]] Group peak_group(int threads);
[[nodiscard]] Group copy_group(std::size_t bytes, int threads);
[[nodiscard]] Group gemm_group(const GemmCase& gemm, InputPool& pool, int threads);
// All cases of one length and head_dim.
[[nodiscard]] Group attention_group(const std::vector<Case>& cases, InputPool& pool, int threads);
// Floats that the inputs of the largest timed case need.
[[nodiscard]] std::size_t largest_input();

}  // namespace mobasim::kernels
