// Number formats of tensors, and what rounding to them does to a value.
#pragma once

#include <string>
#include <string_view>

namespace mobasim::kernels {

enum class Dtype { f64, f32, fp16, bf16 };

[[nodiscard]] std::string_view name(Dtype dtype);
// Throws ConfigError for a name other than bf16, fp16 and f32.
[[nodiscard]] Dtype dtype_named(const std::string& name);
// `value` rounded to nearest, ties to even; beyond the largest finite number infinity; NaN stays NaN.
[[nodiscard]] double rounded(double value, Dtype dtype);
// u of the elementwise bounds (docs/method/kernels.md): 2^-8 bf16, 2^-11 fp16, 2^-20 for f32 kernels, which sum in f32,
// and 2^-40 for float64 by the same allowance.
[[nodiscard]] double unit_of(Dtype dtype);

[[nodiscard]] double smallest_normal(Dtype dtype);
// Half the step between the numbers below that: nothing in the format is nearer to every value.
[[nodiscard]] double least_rounding(Dtype dtype);
// A probability below this is rounded as if it were this: u times it is least_rounding for fp16, whose numbers below
// the smallest normal one kernels keep, and the smallest normal number of the others, which they may flush to 0.
[[nodiscard]] double floor_of(Dtype dtype);

}  // namespace mobasim::kernels
