#include "kernels/dtype.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace mobasim::kernels {
namespace {

// Rounds to `digits` significant binary digits, fewer below 2^lowest (subnormals).
double rounded_to(double value, int digits, int lowest, double largest) {
  if (!std::isfinite(value) || value == 0) return value;
  const int exponent = std::max(std::ilogb(value), lowest);
  const double step = std::ldexp(1.0, exponent - digits + 1);
  const double result = std::nearbyint(value / step) * step;
  if (std::abs(result) > largest) return std::copysign(std::numeric_limits<double>::infinity(), value);
  return result;
}

}  // namespace

std::string_view name(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return "f64";
    case Dtype::f32:
      return "f32";
    case Dtype::fp16:
      return "fp16";
    case Dtype::bf16:
      return "bf16";
  }
  return "";
}

Dtype dtype_named(const std::string& wanted) {
  for (const Dtype dtype : {Dtype::bf16, Dtype::fp16, Dtype::f32}) {
    if (name(dtype) == wanted) return dtype;
  }
  throw ConfigError("there is no dtype '" + wanted + "'; there are bf16, fp16 and f32");
}

double rounded(double value, Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return value;
    case Dtype::f32:
      return static_cast<double>(static_cast<float>(value));
    case Dtype::fp16:
      return rounded_to(value, 11, -14, 65504.0);
    case Dtype::bf16:
      return rounded_to(value, 8, -126, std::ldexp(255.0, 120));
  }
  return value;
}

double unit_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return std::ldexp(1.0, -40);
    case Dtype::f32:
      return std::ldexp(1.0, -20);
    case Dtype::fp16:
      return std::ldexp(1.0, -11);
    case Dtype::bf16:
      return std::ldexp(1.0, -8);
  }
  return 0;
}

double smallest_normal(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return std::ldexp(1.0, -1022);
    case Dtype::f32:
      return std::ldexp(1.0, -126);
    case Dtype::fp16:
      return std::ldexp(1.0, -14);
    case Dtype::bf16:
      return std::ldexp(1.0, -126);
  }
  return 0;
}

double least_rounding(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return 0;  // 2^-1075
    case Dtype::f32:
      return std::ldexp(1.0, -150);
    case Dtype::fp16:
      return std::ldexp(1.0, -25);
    case Dtype::bf16:
      return std::ldexp(1.0, -134);
  }
  return 0;
}

double floor_of(Dtype dtype) {
  return (dtype == Dtype::fp16 ? least_rounding(dtype) : smallest_normal(dtype)) / unit_of(dtype);
}

}  // namespace mobasim::kernels
