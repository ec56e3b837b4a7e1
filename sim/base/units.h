// Physical quantities as types: FLOPs, bytes, seconds, dollars and their ratios.
//
// A Quantity is one double whose dimension is checked by the compiler, so Flops / FlopRate is Seconds and adding
// FLOPs to bytes does not compile (tests/must_not_compile proves it). Base units: 1 FLOP (a fused multiply-add is 2),
// 1 byte, 1 second, 1 US dollar. Counts (tokens, heads, blocks) are std::int64_t and no quantity; fractions are
// doubles in 0..1. How quantities are written and read as text is in units_text.h.
#pragma once

#include <compare>

namespace mobasim {

template <int FlopPower, int BytePower, int SecondPower, int DollarPower>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double in_base_units) : value_(in_base_units) {}

  // The number in base units (FLOP, byte, second, dollar).
  [[nodiscard]] constexpr double value() const { return value_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity operator-() const { return Quantity(-value_); }
  constexpr Quantity& operator+=(Quantity other) { return value_ += other.value_, *this; }
  constexpr Quantity& operator-=(Quantity other) { return value_ -= other.value_, *this; }
  constexpr Quantity& operator*=(double factor) { return value_ *= factor, *this; }
  constexpr Quantity& operator/=(double divisor) { return value_ /= divisor, *this; }

  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr Quantity operator*(Quantity a, double factor) { return a *= factor; }
  friend constexpr Quantity operator*(double factor, Quantity a) { return a *= factor; }
  friend constexpr Quantity operator/(Quantity a, double divisor) { return a /= divisor; }

 private:
  double value_ = 0;
};

namespace units_detail {
template <int F, int B, int S, int D>
constexpr auto of(double value) {
  if constexpr (F == 0 && B == 0 && S == 0 && D == 0) {
    return value;  // a ratio of like quantities is a plain number
  } else {
    return Quantity<F, B, S, D>(value);
  }
}
}  // namespace units_detail

template <int F1, int B1, int S1, int D1, int F2, int B2, int S2, int D2>
constexpr auto operator*(Quantity<F1, B1, S1, D1> a, Quantity<F2, B2, S2, D2> b) {
  return units_detail::of<F1 + F2, B1 + B2, S1 + S2, D1 + D2>(a.value() * b.value());
}

template <int F1, int B1, int S1, int D1, int F2, int B2, int S2, int D2>
constexpr auto operator/(Quantity<F1, B1, S1, D1> a, Quantity<F2, B2, S2, D2> b) {
  return units_detail::of<F1 - F2, B1 - B2, S1 - S2, D1 - D2>(a.value() / b.value());
}

using Flops = Quantity<1, 0, 0, 0>;
using Bytes = Quantity<0, 1, 0, 0>;
using Seconds = Quantity<0, 0, 1, 0>;
using Dollars = Quantity<0, 0, 0, 1>;
using FlopRate = Quantity<1, 0, -1, 0>;    // FLOP/s
using ByteRate = Quantity<0, 1, -1, 0>;    // byte/s
using DollarRate = Quantity<0, 0, -1, 1>;  // $/s

inline constexpr Seconds kHour{3600};
inline constexpr Seconds kDay{86400};
inline constexpr Flops kPetaflopDay{8.64e19};  // 1 PFLOP/s-day

}  // namespace mobasim
