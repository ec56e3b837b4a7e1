// 16-bit floating point worked out from its definition, in double: what pack, unpack and mma are compared with.
#pragma once

#include <cstdint>

namespace mobasim::kernels::conformance {

// A sign, exponent and mantissa bits; an exponent of ones is infinity or NaN (IEEE 754-2008, 3.4).
struct NumberFormat {
  int mantissa_bits, least_exponent, greatest_exponent;
};
constexpr NumberFormat kBf16{7, -126, 127};
constexpr NumberFormat kFp16{10, -14, 15};

[[nodiscard]] double value_of(std::uint32_t bits, const NumberFormat& format);
// Rounded to nearest, ties to even, beyond the greatest number to infinity. x is no NaN.
[[nodiscard]] std::uint32_t nearest(double x, const NumberFormat& format);
[[nodiscard]] bool is_nan(std::uint32_t bits, const NumberFormat& format);

}  // namespace mobasim::kernels::conformance
