// Rows of queries and keys brought into the order of products, and the best blocks of the gate, for the instruction set
// that Highway compiles this file for. No include guard: hwy/foreach_target.h includes it once for each.

HWY_BEFORE_NAMESPACE();
namespace mobasim::kernels::HWY_NAMESPACE {
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

void top_blocks(const float* scores, i64 blocks_open, i64 lanes, i64 slots, const std::int32_t* past,
                std::int32_t* best, float* scratch) {
  const Floats f;
  const Integers n;
  const F lowest = hn::Set(f, -__builtin_inff());
  for (i64 lane = 0; lane < lanes; lane += kWidth) {
    for (i64 s = 0; s < slots; ++s) {
      hn::StoreU(hn::Set(n, -1), n, best + s * kLanes + lane);
      hn::StoreU(lowest, f, scratch + s * kLanes + lane);
    }
    const auto open = hn::LoadU(n, past + lane);
    for (i64 i = 0; i < blocks_open; ++i) {
      const F score = hn::LoadU(f, scores + i * kLanes + lane);
      F value = hn::IfThenElse(hn::Eq(score, score), score, lowest);
      const auto number = hn::Set(n, static_cast<std::int32_t>(i));
      auto block = hn::IfThenElse(hn::Lt(number, open), number, hn::Set(n, -1));
      for (i64 s = 0; s < slots; ++s) {  // insert, and carry on what was pushed out
        float* kept_value = scratch + s * kLanes + lane;
        std::int32_t* kept_block = best + s * kLanes + lane;
        const F old_value = hn::LoadU(f, kept_value);
        const auto old_block = hn::LoadU(n, kept_block);
        const auto better = hn::Or(hn::Gt(value, old_value), hn::RebindMask(f, hn::Lt(old_block, hn::Zero(n))));
        const auto taken = hn::And(better, hn::RebindMask(f, hn::Gt(block, hn::Set(n, -1))));
        const auto taken_number = hn::RebindMask(n, taken);
        hn::StoreU(hn::IfThenElse(taken, value, old_value), f, kept_value);
        hn::StoreU(hn::IfThenElse(taken_number, block, old_block), n, kept_block);
        value = hn::IfThenElse(taken, old_value, value);
        block = hn::IfThenElse(taken_number, old_block, block);
      }
    }
  }
}

}  // namespace
}  // namespace mobasim::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
