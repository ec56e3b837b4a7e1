// The products of tiles, for the instruction set that Highway compiles this file for. No include guard:
// hwy/foreach_target.h includes it once for each.
#include <hwy/highway.h>

#include "kernels/cpu/micro_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace mobasim::kernels::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Bits = hn::ScalableTag<std::uint32_t>;
using Integers = hn::ScalableTag<std::int32_t>;
using F = hn::Vec<Floats>;
using U = hn::Vec<Bits>;
using i64 = std::int64_t;
constexpr int kWidth = static_cast<int>(hn::MaxLanes(Floats()));

#define MOBASIM_INLINE HWY_INLINE

struct Operations {
  using Vector = F;
  static constexpr int kWidth = mobasim::kernels::cpu::HWY_NAMESPACE::kWidth;
  // Register tiles: 16 sums of 32 registers (and as many chains as hide the latency of a fused multiply-add), or 8 of
  // 16 registers.
  static constexpr int kVectors = kWidth == 16 ? 4 : 2;
  template <int kOfVectors>
  static constexpr int kRows = kWidth == 16 ? (kOfVectors <= 2 ? 8 : 4) : 4;

  HWY_INLINE static F zero() { return hn::Zero(Floats()); }
  HWY_INLINE static F load(const float* p) { return hn::LoadU(Floats(), p); }
  HWY_INLINE static void store(float* p, F v) { hn::StoreU(v, Floats(), p); }
  HWY_INLINE static F broadcast(const float* p) { return hn::Set(Floats(), *p); }
  HWY_INLINE static F add(F a, F b) { return hn::Add(a, b); }
};

struct F32Operations : Operations {
  HWY_INLINE static F add_product(F sum, F a, F b) { return hn::MulAdd(a, b, sum); }
};

// Pairs of bf16: two products of their widened halves. A processor with an instruction for it has micro_bf16.cpp.
struct PairOperations : Operations {
  HWY_INLINE static F lower(F pair) { return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::BitCast(Bits(), pair))); }
  HWY_INLINE static F upper(F pair) {
    return hn::BitCast(Floats(), hn::And(hn::BitCast(Bits(), pair), hn::Set(Bits(), 0xffff0000u)));
  }
  HWY_INLINE static F add_product(F sum, F a, F b) {
    return hn::MulAdd(upper(a), upper(b), hn::MulAdd(lower(a), lower(b), sum));
  }
};

#include "kernels/cpu/micro_tile.inl"

// What is not finite, times 0, is NaN.
template <class Ops>
bool finite(const float* b, i64 count) {
  const F zero = Ops::zero();
  F sums[4] = {zero, zero, zero, zero};
  for (i64 i = 0; i < count; i += 4 * kWidth) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const i64 at = std::min(i + j * kWidth, count - kWidth);
      sums[j] = Ops::add_product(sums[j], Ops::load(b + at), zero);
    }
  }
  const F sum = Ops::add(Ops::add(sums[0], sums[1]), Ops::add(sums[2], sums[3]));
  return hn::AllTrue(Floats(), hn::Eq(sum, zero));
}

void scale_rows(float* rows, i64 count, i64 columns, const float* factor) {
  for (i64 i = 0; i < count; ++i) {
    if (factor[i] == 1.0f) continue;
    const F shrink = hn::Set(Floats(), factor[i]);
    for (i64 j = 0; j < columns; j += kWidth) {
      float* at = rows + i * columns + j;
      Operations::store(at, hn::Mul(Operations::load(at), shrink));
    }
  }
}

}  // namespace
}  // namespace mobasim::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
