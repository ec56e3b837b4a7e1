// One problem on a target, from float32 tensors of the host and back: what verify and attend call.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cuda/target.h"
#include "kernels/dtype.h"
#include "kernels/fill.h"
#include "kernels/problem.h"

namespace mobasim::kernels::cuda {

// Throws Unsupported for a dtype other than bf16 and fp16.
[[nodiscard]] Element element_of(Dtype dtype);

// Throws Unsupported for what the kernels do not do: sliding windows, a dtype other than bf16 and fp16, a shape with
// unsupported(shape).
[[nodiscard]] Shape shape_of(const Problem& problem, Dtype dtype);

// Values in 16 bits, bf16 or fp16, rounded to nearest even; and back.
[[nodiscard]] std::vector<std::uint16_t> packed_16(const std::vector<float>& values, Dtype dtype);
[[nodiscard]] std::vector<double> unpacked_16(const std::vector<std::uint16_t>& values, Dtype dtype);

// Both passes, or the forward pass alone where tensors.d_o is empty. Throws ConfigError like check_inputs, Unsupported
// like shape_of, and what the target throws.
[[nodiscard]] Computed computed_on(const Target& target, const Problem& problem, const Tensors& tensors, Dtype dtype,
                                   const KernelOptions& options = {});

}  // namespace mobasim::kernels::cuda
