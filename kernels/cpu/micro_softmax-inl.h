// The softmax of a tile of scores and its backward pass, for the instruction set that Highway compiles this file for.
// No include guard: hwy/foreach_target.h includes it once for each. Needs micro_products-inl.h.

HWY_BEFORE_NAMESPACE();
namespace mobasim::kernels::cpu::HWY_NAMESPACE {
namespace {

// e^(scale x) for scale x <= 0 (and a little above), 0 where that is below f32's normal numbers, NaN for NaN.
//
// With c = scale log2(e): n = round(c x), r = c x - n, e^(scale x) = 2^n 2^r. 2^r on |r| <= 1/2 by its Taylor series to
// r^6 (remainder (ln 2 / 2)^7 / 7! < 2^-22.9 relative at |r| = 1/2, where it is greatest), or to r^4 (< 2^-14) where
// the result is rounded to bf16. c is split in two parts so that r is exact to f32 also for large |x|.
struct Exponential {
  float c, c_rest;       // c + c_rest = scale log2(e)
  float c_head, c_tail;  // the same sum; c_head has 12 significant bits

  static constexpr std::uint32_t kHead = 0xfffff000u;

  explicit Exponential(double scale) {
    const double exact = scale * 1.4426950408889634074;
    c = static_cast<float>(exact);
    c_rest = static_cast<float>(exact - static_cast<double>(c));
    c_head = std::bit_cast<float>(std::bit_cast<std::uint32_t>(c) & kHead);
    c_tail = static_cast<float>(exact - static_cast<double>(c_head));
  }

  // c x - n. Without a fused multiply-add the product is exact only of heads of 12 bits (Veltkamp's splitting).
  HWY_INLINE F remainder(F x, F n) const {
    const Floats f;
#if !HWY_NATIVE_FMA
    const F head = hn::BitCast(f, hn::And(hn::BitCast(Bits(), x), hn::Set(Bits(), kHead)));
    const F exact = hn::Sub(hn::Mul(head, hn::Set(f, c_head)), n);
    return hn::Add(hn::Add(exact, hn::Mul(head, hn::Set(f, c_tail))), hn::Mul(hn::Sub(x, head), hn::Set(f, c)));
#else
    return hn::MulAdd(x, hn::Set(f, c_rest), hn::MulSub(x, hn::Set(f, c), n));
#endif
  }

  template <bool kShort>
  HWY_INLINE F of(F x) const {
    const Floats f;
    // 1.5 2^23 + 127: rounds to an integer in the low bits, biased as an exponent is.
    constexpr float kShift = 12583039.0f;
    const F biased = hn::MulAdd(x, hn::Set(f, c), hn::Set(f, kShift));
    const F n = hn::Sub(biased, hn::Set(f, kShift));
    F p, r;
    if constexpr (kShort) {
      r = hn::MulSub(x, hn::Set(f, c), n);
      p = hn::MulAdd(r, hn::Set(f, 9.618129e-3f), hn::Set(f, 5.550411e-2f));
    } else {
      r = remainder(x, n);
      p = hn::MulAdd(r, hn::Set(f, 1.5403530e-4f), hn::Set(f, 1.3333558e-3f));
      p = hn::MulAdd(p, r, hn::Set(f, 9.618129e-3f));
      p = hn::MulAdd(p, r, hn::Set(f, 5.550411e-2f));
    }
    p = hn::MulAdd(p, r, hn::Set(f, 2.4022651e-1f));
    p = hn::MulAdd(p, r, hn::Set(f, 6.9314718e-1f));
    p = hn::MulAdd(p, r, hn::Set(f, 1.0f));
    const F power = hn::BitCast(f, hn::ShiftLeft<23>(hn::BitCast(Bits(), biased)));
    return hn::IfThenZeroElse(hn::Lt(biased, hn::Set(f, kShift - 126.0f)), hn::Mul(p, power));
  }
};

// p (key, key + 1) -> pairs, rounded to nearest (a tie up: the values are not negative, or a tie is as good as any).
HWY_INLINE F paired(F first, F second) {
  const Bits u;
  const U half = hn::Set(u, 0x8000u);
  const U lower = hn::ShiftRight<16>(hn::Add(hn::BitCast(u, first), half));
  const U upper = hn::And(hn::Add(hn::BitCast(u, second), half), hn::Set(u, 0xffff0000u));
  return hn::BitCast(Floats(), hn::Or(lower, upper));
}

// use(vectors, lane) for all lanes: kMost vectors at a time, a power of two, and halves of it for what is left.
template <int kMost, class Use>
HWY_INLINE void for_each_lanes(i64 lanes, const Use& use, i64 lane = 0) {
  for (; lane + kMost * kWidth <= lanes; lane += kMost * kWidth) use(std::integral_constant<int, kMost>(), lane);
  if constexpr (kMost > 1) for_each_lanes<kMost / 2>(lanes, use, lane);
}

template <bool kMasked>
HWY_INLINE F seen(F value, i64 key, hn::Vec<Integers> limit) {
  if constexpr (!kMasked) return value;
  const auto below = hn::Gt(limit, hn::Set(Integers(), static_cast<std::int32_t>(key)));
  return hn::IfThenElseZero(hn::RebindMask(Floats(), below), value);
}

template <int kVectors, bool kMasked, bool kPairs>
HWY_INLINE void softmax_lanes(const ScoreTile& tile, const SoftmaxState& state, const Exponential& exponential,
                              i64 lane) {
  const Floats f;
  F greatest[kVectors], before[kVectors], total[kVectors];
  hn::Vec<Integers> limit[kVectors];
  float* const scores = tile.scores + lane;
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    greatest[v] = before[v] = hn::LoadU(f, state.m + lane + v * kWidth);
    total[v] = hn::Zero(f);
    limit[v] = kMasked ? hn::LoadU(Integers(), tile.limit + lane + v * kWidth) : hn::Zero(Integers());
  }
  for (i64 j = 0; j < tile.keys; ++j) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const F x = hn::LoadU(f, scores + j * kLanes + v * kWidth);
      if constexpr (kMasked) {
        const auto below = hn::Gt(limit[v], hn::Set(Integers(), static_cast<std::int32_t>(j)));
        const auto better = hn::And(hn::Gt(x, greatest[v]), hn::RebindMask(f, below));
        greatest[v] = hn::IfThenElse(better, x, greatest[v]);
      } else {
        greatest[v] = hn::Max(x, greatest[v]);  // of a NaN either: all weights of its lane are NaN
      }
    }
  }
  const auto weight = [&](i64 j, int v) HWY_ATTR {
    const F x = hn::Sub(hn::LoadU(f, scores + j * kLanes + v * kWidth), greatest[v]);
    const F p = seen<kMasked>(exponential.of<kPairs>(x), j, limit[v]);
    total[v] = hn::Add(total[v], p);
    return p;
  };
  if constexpr (kPairs) {
    i64 j = 0;
    for (; j + 2 <= tile.keys; j += 2) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const F first = weight(j, v);
        hn::StoreU(paired(first, weight(j + 1, v)), f, scores + j / 2 * kLanes + v * kWidth);
      }
    }
    for (int v = 0; j < tile.keys && v < kVectors; ++v) {
      hn::StoreU(paired(weight(j, v), hn::Zero(f)), f, scores + j / 2 * kLanes + v * kWidth);
    }
  } else {
    for (i64 j = 0; j < tile.keys; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) hn::StoreU(weight(j, v), f, scores + j * kLanes + v * kWidth);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const i64 at = lane + v * kWidth;
    const F shrink = exponential.of<false>(hn::Sub(before[v], greatest[v]));
    hn::StoreU(greatest[v], f, state.m + at);
    hn::StoreU(shrink, f, state.factor + at);
    hn::StoreU(hn::MulAdd(hn::LoadU(f, state.sum + at), shrink, total[v]), f, state.sum + at);
  }
}

template <bool kPairs>
void softmax(const ScoreTile& tile, const SoftmaxState& state) {
  const Exponential exponential(tile.scale);
  for_each_lanes<4>(tile.lanes, [&](auto vectors, i64 lane) HWY_ATTR {
    if (tile.limit == nullptr) {
      softmax_lanes<vectors(), false, kPairs>(tile, state, exponential, lane);
    } else {
      softmax_lanes<vectors(), true, kPairs>(tile, state, exponential, lane);
    }
  });
}

// p of neighbouring lanes as bf16 one beside the other, rounded as paired() does.
template <int kVectors>
HWY_INLINE void store_lanes(const F* p, std::uint16_t* out) {
  const Bits u;
  const U half = hn::Set(u, 0x8000u);
#if HWY_TARGET != HWY_SCALAR
  if constexpr (kVectors % 2 == 0) {
    const hn::Repartition<std::uint16_t, Bits> halves;
    for (int v = 0; v < kVectors; v += 2) {
      const auto first = hn::BitCast(halves, hn::Add(hn::BitCast(u, p[v]), half));
      const auto second = hn::BitCast(halves, hn::Add(hn::BitCast(u, p[v + 1]), half));
      hn::StoreU(hn::ConcatOdd(halves, second, first), halves, out + v * kWidth);
    }
    return;
  }
#endif
  const hn::Rebind<std::uint16_t, Bits> narrow;
  for (int v = 0; v < kVectors; ++v) {
    const U upper = hn::ShiftRight<16>(hn::Add(hn::BitCast(u, p[v]), half));
    hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(Integers(), upper)), narrow, out + v * kWidth);
  }
}

template <int kVectors, bool kMasked, bool kPairs>
HWY_INLINE void softmax_backward_lanes(const ScoreTile& tile, float* dp, const SoftmaxGradient& gradient,
                                       const Weights& weights, const Exponential& exponential, i64 lane) {
  const Floats f;
  const F scale = hn::Set(f, static_cast<float>(tile.scale));
  const auto by_key = [&](float* units, i64 key)
                          HWY_ATTR { return reinterpret_cast<std::uint16_t*>(units + key * (kLanes / 2)) + lane; };
  F previous[kVectors], high[kVectors], low[kVectors], delta[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const i64 of_lane = lane + v * kWidth;
    previous[v] = hn::Zero(f);
    high[v] = hn::LoadU(f, gradient.lse_high + of_lane);
    low[v] = hn::LoadU(f, gradient.lse_low + of_lane);
    delta[v] = hn::Mul(hn::LoadU(f, gradient.delta + of_lane), scale);
  }
  for (i64 j = 0; j < tile.keys; ++j) {
    F p[kVectors], ds[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const i64 of_lane = lane + v * kWidth, at = j * kLanes + of_lane;
      const auto limit = kMasked ? hn::LoadU(Integers(), tile.limit + of_lane) : hn::Zero(Integers());
      const F exact = exponential.of<kPairs>(hn::Sub(hn::Sub(hn::LoadU(f, tile.scores + at), high[v]), low[v]));
      const F change = hn::MulSub(hn::LoadU(f, dp + at), scale, delta[v]);
      p[v] = seen<kMasked>(exact, j, limit);
      ds[v] = seen<kMasked>(hn::Mul(exact, change), j, limit);
      if constexpr (!kPairs) {
        hn::StoreU(p[v], f, tile.scores + at);
        hn::StoreU(ds[v], f, dp + at);
      }
    }
    if constexpr (kPairs) {
      store_lanes<kVectors>(p, by_key(weights.p_by_key, j));
      store_lanes<kVectors>(ds, by_key(weights.ds_by_key, j));
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        if (j % 2 == 1) {
          hn::StoreU(paired(previous[v], ds[v]), f, weights.ds_by_lane + j / 2 * kLanes + lane + v * kWidth);
        }
        previous[v] = ds[v];
      }
    }
  }
  if (!kPairs || tile.keys % 2 == 0) return;
  for (int v = 0; v < kVectors; ++v) {
    hn::StoreU(paired(previous[v], hn::Zero(f)), f, weights.ds_by_lane + tile.keys / 2 * kLanes + lane + v * kWidth);
  }
}

template <bool kPairs>
void softmax_backward(const ScoreTile& tile, float* dp, const SoftmaxGradient& gradient, const Weights& weights) {
  const Exponential exponential(tile.scale);
  for_each_lanes<kPairs ? 4 : 1>(tile.lanes, [&](auto vectors, i64 lane) HWY_ATTR {
    if (tile.limit == nullptr) {
      softmax_backward_lanes<vectors(), false, kPairs>(tile, dp, gradient, weights, exponential, lane);
    } else {
      softmax_backward_lanes<vectors(), true, kPairs>(tile, dp, gradient, weights, exponential, lane);
    }
  });
}

}  // namespace
}  // namespace mobasim::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
