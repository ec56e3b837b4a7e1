// Rows of queries and keys brought into the order of products, and the best blocks of the gate, for the instruction set
// that Highway compiles this file for. No include guard: hwy/foreach_target.h includes it once for each.

HWY_BEFORE_NAMESPACE();
namespace mobasim::kernels::cpu::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void transpose(const float* const* rows, i64 count, i64 lanes, i64 depth, float* out) {
  for (i64 p = 0; p < depth; ++p) {
    for (i64 r = 0; r < lanes; ++r) out[p * kLanes + r] = r < count ? rows[r][p] : 0.0f;
  }
}

#else

// Blocks of four values of the rows first, first + 4, ...: a block of a vector each; 0 beyond the last row.
template <class Tag>
HWY_INLINE hn::Vec<Tag> blocks(Tag tag, const float* const* rows, i64 first, i64 count, i64 column) {
  if constexpr (hn::MaxLanes(Tag()) == 4) {
    return first < count ? hn::LoadU(tag, rows[first] + column) : hn::Zero(tag);
  } else {
    const hn::Half<Tag> half;
    const i64 step = static_cast<i64>(hn::MaxLanes(half));  // four values a row, rows four apart
    return hn::Combine(tag, blocks(half, rows, first + step, count, column), blocks(half, rows, first, count, column));
  }
}

void transpose(const float* const* rows, i64 count, i64 lanes, i64 depth, float* out) {
  const Floats f;
  const hn::RepartitionToWide<Floats> wide;
  for (i64 p = 0; p + 4 <= depth; p += 4) {
    for (i64 r = 0; r < lanes; r += kWidth) {
      const F a = blocks(f, rows, r, count, p), b = blocks(f, rows, r + 1, count, p);
      const F c = blocks(f, rows, r + 2, count, p), d = blocks(f, rows, r + 3, count, p);
      const auto ab_low = hn::BitCast(wide, hn::InterleaveLower(f, a, b));
      const auto cd_low = hn::BitCast(wide, hn::InterleaveLower(f, c, d));
      const auto ab_high = hn::BitCast(wide, hn::InterleaveUpper(f, a, b));
      const auto cd_high = hn::BitCast(wide, hn::InterleaveUpper(f, c, d));
      float* to = out + p * kLanes + r;
      hn::StoreU(hn::BitCast(f, hn::InterleaveLower(wide, ab_low, cd_low)), f, to);
      hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(wide, ab_low, cd_low)), f, to + kLanes);
      hn::StoreU(hn::BitCast(f, hn::InterleaveLower(wide, ab_high, cd_high)), f, to + 2 * kLanes);
      hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(wide, ab_high, cd_high)), f, to + 3 * kLanes);
    }
  }
  for (i64 p = depth / 4 * 4; p < depth; ++p) {
    for (i64 r = 0; r < lanes; ++r) out[p * kLanes + r] = r < count ? rows[r][p] : 0.0f;
  }
}

#endif

void interleave(const std::uint16_t* a, const std::uint16_t* b, i64 count, float* out) {
  const Bits u;
  const hn::Rebind<std::uint16_t, Bits> narrow;
  for (i64 i = 0; i < count; i += kWidth) {
    const U lower = hn::PromoteTo(u, hn::LoadU(narrow, a + i));
    const U upper = hn::ShiftLeft<16>(hn::PromoteTo(u, hn::LoadU(narrow, b + i)));
    hn::StoreU(hn::BitCast(Floats(), hn::Or(lower, upper)), Floats(), out + i);
  }
}

// write(vector, i) for whole vectors, and for what is left by way of a vector of its own.
template <class T, class Store>
HWY_INLINE void write_row(const float* from, i64 count, float factor, T* out, const Store& store) {
  const F times = hn::Set(Floats(), factor);
  i64 i = 0;
  for (; i + kWidth <= count; i += kWidth) store(hn::Mul(hn::LoadU(Floats(), from + i), times), out + i);
  if (i == count) return;
  T rest[kWidth];
  store(hn::Mul(hn::LoadU(Floats(), from + i), times), rest);
  std::copy_n(rest, count - i, out + i);
}

void write_f32(const float* from, i64 count, float factor, float* out) {
  write_row(from, count, factor, out, [](F value, float* to) HWY_ATTR { hn::StoreU(value, Floats(), to); });
}

void write_bf16(const float* from, i64 count, float factor, Bf16* out) {
  const Bits u;
  write_row(from, count, factor, out, [u](F value, Bf16* to) HWY_ATTR {
    const hn::Rebind<std::uint16_t, Bits> narrow;
    const U bits = hn::BitCast(u, value);
    const U odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u, 1));
    const U rounded = hn::Add(hn::Add(bits, hn::Set(u, 0x7fffu)), odd);
    const U quiet = hn::Or(bits, hn::Set(u, 0x400000u));
    const U upper = hn::ShiftRight<16>(hn::IfThenElse(hn::RebindMask(u, hn::Ne(value, value)), quiet, rounded));
    hn::StoreU(hn::DemoteTo(narrow, hn::BitCast(Integers(), upper)), narrow, reinterpret_cast<std::uint16_t*>(to));
  });
}

// Integers in the order of scores: NaN counts as -infinity, -0 as 0; more than `lowest integer` for every score.
HWY_INLINE hn::Vec<Integers> ordered(F score) {
  const Floats f;
  const Integers n;
  const F number = hn::IfThenElse(hn::Eq(score, score), score, hn::Set(f, -__builtin_inff()));
  const auto bits = hn::BitCast(n, hn::Add(number, hn::Zero(f)));
  return hn::Xor(bits, hn::And(hn::ShiftRight<31>(bits), hn::Set(n, 0x7fffffff)));
}

// Rows [slots, kLanes] of block numbers put in ascending order in each lane; -1 comes last.
void sort_blocks(std::int32_t* blocks, i64 slots) {
  const Bits u;
  for (i64 last = slots - 1; last > 0; --last) {
    for (i64 s = 0; s < last; ++s) {
      auto* a = reinterpret_cast<std::uint32_t*>(blocks + s * kLanes);
      const U first = hn::LoadU(u, a), second = hn::LoadU(u, a + kLanes);
      hn::StoreU(hn::Min(first, second), u, a);
      hn::StoreU(hn::Max(first, second), u, a + kLanes);
    }
  }
}

void top_blocks(const float* scores, i64 blocks_open, i64 lanes, i64 slots, const std::int32_t* past,
                std::int32_t* best, std::int32_t* scratch) {
  const Floats f;
  const Integers n;
  const auto none = hn::Set(n, -0x7fffffff - 1);
  for (i64 lane = 0; lane < lanes; lane += kWidth) {
    for (i64 s = 0; s < slots; ++s) {
      hn::StoreU(hn::Set(n, -1), n, best + s * kLanes + lane);
      hn::StoreU(none, n, scratch + s * kLanes + lane);
    }
    const auto open = hn::LoadU(n, past + lane);
    auto worst = none;  // kept by each lane
    for (i64 i = 0; i < blocks_open; ++i) {
      auto block = hn::Set(n, static_cast<std::int32_t>(i));
      auto value = hn::IfThenElse(hn::Lt(block, open), ordered(hn::LoadU(f, scores + i * kLanes + lane)), none);
      if (hn::AllFalse(n, hn::Gt(value, worst))) continue;
      auto taken = hn::Lt(open, hn::Zero(n));  // none
      for (i64 s = 0; s < slots; ++s) {  // insert, and carry on what was pushed out, which is older than its equals
        std::int32_t* kept_value = scratch + s * kLanes + lane;
        std::int32_t* kept_block = best + s * kLanes + lane;
        const auto old_value = hn::LoadU(n, kept_value), old_block = hn::LoadU(n, kept_block);
        taken = hn::Or(taken, hn::Gt(value, old_value));
        worst = hn::Max(value, old_value);
        hn::StoreU(worst, n, kept_value);
        hn::StoreU(hn::IfThenElse(taken, block, old_block), n, kept_block);
        value = hn::Min(value, old_value);
        block = hn::IfThenElse(taken, old_block, block);
      }
    }
    sort_blocks(best + lane, slots);
  }
}

}  // namespace
}  // namespace mobasim::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
