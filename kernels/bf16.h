// A number of the format bf16: the upper half of an f32.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/dtype.h"

namespace mobasim::kernels {

struct Bf16 {
  std::uint16_t bits = 0;
};

[[nodiscard]] constexpr float widened(Bf16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}
[[nodiscard]] constexpr float widened(float value) { return value; }

// To nearest, ties to even; NaN stays NaN.
[[nodiscard]] constexpr Bf16 narrowed(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// The format that a T is in.
template <class T>
inline constexpr Dtype kDtype = std::is_same_v<T, Bf16> ? Dtype::bf16 : Dtype::f32;

// `value` as a T keeps it.
template <class T>
[[nodiscard]] constexpr T stored(float value) {
  if constexpr (std::is_same_v<T, Bf16>) {
    return narrowed(value);
  } else {
    return value;
  }
}

}  // namespace mobasim::kernels
