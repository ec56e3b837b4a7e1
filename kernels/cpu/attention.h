// Attention on the processor: full causal attention and MoBA, forward and backward, blocked and threaded, for tensors
// in f32 and in bf16. What comes out has the format of what goes in; all sums are f32.
//
// The result does not depend on the number of threads: every output element is summed by one task in a fixed order.
#pragma once

#include <memory>

#include "kernels/bf16.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/dtype.h"
#include "kernels/problem.h"

namespace mobasim::kernels::cpu {

// Memory that a call works in. The next call of the same shape allocates none.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;

  struct Parts;
  [[nodiscard]] Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

struct Options {
  int threads = 0;                      // 0: as many as OpenMP would use
  const MicroKernels* micro = nullptr;  // nullptr: the best that this processor has
  Dtype mean_keys = Dtype::f32;         // f32 tensors: what they are rounded to
  Workspace* workspace = nullptr;       // nullptr: memory of its own; two calls at a time need one each
};

// Resizes what is in `out`. Throws ConfigError for violations(problem) or tensors of another size, Unsupported for
// sliding-window attention.
void forward(const Problem& problem, const Inputs<float>& inputs, const Options& options, Forward<float>& out);
void forward(const Problem& problem, const Inputs<Bf16>& inputs, const Options& options, Forward<Bf16>& out);

// `forward` is what forward gave for the same inputs: its selection is used again, no gradient flows through the
// gate (Lu et al. 2025, section 2).
void backward(const Problem& problem, const Inputs<float>& inputs, const Forward<float>& forward,
              const Options& options, Gradients<float>& out);
void backward(const Problem& problem, const Inputs<Bf16>& inputs, const Forward<Bf16>& forward, const Options& options,
              Gradients<Bf16>& out);

}  // namespace mobasim::kernels::cpu
