// How the best are kept in registers. A warp multiplies 32 queries with 16 mean keys at a time and turns the product
// through shared memory, so that each lane has the 16 scores of one query. Two passes over the mean keys:
//   1. A sorted list of the best scores alone, by minima and maxima (sorted_list.h): no indices, no branches within a
//      lane. The last that is to be picked is the query's threshold; the list has one more, to see a tie with it.
//   2. The same products again (the same bits): what reaches the threshold is picked, in ascending order of blocks, so
//      that nothing is sorted. Of scores equal to the threshold the first ones are taken, as many as there is room for.
// A second product costs 2.5 instructions per score, which is less than to carry indices through the list.
#include "kernels/cuda/gate.h"
#include "kernels/cuda/gate_scores.h"
#include "kernels/cuda/key_head.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/sorted_list.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

// From here on little is new, and it pays to look before a batch is merged into the lists.
constexpr int kRareBlocks = 1024;

MOBASIM_DEVICE float without_nan(float score) {
  if (simt::planted(simt::Bug::nan_score_first) && !(score == score)) return simt::infinity();
  return simt::greater(score, -simt::infinity());
}

// What decides whether a row picks a block.
struct Threshold {
  float score;  // of the last that is picked
  int equal;    // how many of this score may be picked
  bool plain;   // no more than those reach it, and no NaN does
};

// The first pass.
template <class E, int kHeadDim, int kKept>
MOBASIM_DEVICE Threshold row_threshold(const GateWarp<E, kHeadDim>& warp, int slots, bool looks) {
  constexpr int kBatch = kKept < kScoreGroup ? kKept : kScoreGroup;
  // The slots + 1 greatest so far. The places beyond hold +infinity, and stay at the front.
  float best[kKept];
#pragma unroll
  for (int i = 0; i < kKept; ++i) best[i] = i < kKept - 1 - slots ? simt::infinity() : -simt::infinity();
  walk(warp, looks, [&](int first, float(&score)[kScoreGroup]) {
    const int left = warp.own - first;
#pragma unroll
    for (int j = 0; j < kScoreGroup; ++j) score[j] = without_nan(score[j]);
    if (left < kScoreGroup) {
#pragma unroll
      for (int j = 0; j < kScoreGroup; ++j) score[j] = j < left ? score[j] : -simt::infinity();
    }
#pragma unroll
    for (int batch = 0; batch < kScoreGroup; batch += kBatch) {
      float fresh[kBatch];
#pragma unroll
      for (int j = 0; j < kBatch; ++j) fresh[j] = score[batch + j];
      if (first >= kRareBlocks) {
        float greatest = fresh[0];
#pragma unroll
        for (int j = 1; j < kBatch; ++j) greatest = simt::greater(greatest, fresh[j]);
        if (simt::ballot(greatest > best[kKept - 1]) == 0) continue;
      }
      keep_greatest(best, fresh);
    }
  });
  const float last = best[kKept - 2];
  int above = 0;
#pragma unroll
  for (int i = 0; i < kKept - 1; ++i) above += i >= kKept - 1 - slots && best[i] > last ? 1 : 0;
  return {last, slots - above, last > best[kKept - 1]};
}

// The lowest `count` of the bits.
MOBASIM_DEVICE std::uint32_t lowest_bits(std::uint32_t bits, int count) {
  if (simt::planted(simt::Bug::tie_to_the_higher_block)) {
    while (simt::population(bits) > count) bits &= bits - 1;
    return bits;
  }
  std::uint32_t kept = 0;
  for (; bits != 0 && count > 0; --count) {
    kept |= bits & (0u - bits);
    bits &= bits - 1;
  }
  return kept;
}

// Bit j: score j is picked. Where not all rows of the warp are plain, equal scores are counted.
MOBASIM_DEVICE std::uint32_t picked(const float (&score)[kScoreGroup], Threshold& threshold, bool plain) {
  std::uint32_t reached = 0, equal = 0;
  if (plain) {
#pragma unroll
    for (int j = 0; j < kScoreGroup; ++j) reached |= score[j] >= threshold.score ? 1u << j : 0u;
    return reached;
  }
#pragma unroll
  for (int j = 0; j < kScoreGroup; ++j) {
    reached |= without_nan(score[j]) > threshold.score ? 1u << j : 0u;
    equal |= without_nan(score[j]) == threshold.score ? 1u << j : 0u;
  }
  if (!simt::planted(simt::Bug::ties_beyond_the_slots)) equal = lowest_bits(equal, threshold.equal);
  threshold.equal -= simt::population(equal);
  return reached | equal;
}

// Writes the blocks of the bits behind the `written` picks of the row.
MOBASIM_DEVICE void write_blocks(const simt::Rows<int>& picks, int& written, std::uint32_t bits, int first) {
  for (; bits != 0; bits &= bits - 1) simt::store(picks, 0, written++, first + simt::lowest_bit(bits));
}

// The second pass. Returns how many picks it wrote.
template <class E, int kHeadDim>
MOBASIM_DEVICE int write_picks(const GateWarp<E, kHeadDim>& warp, Threshold threshold, bool looks,
                               const simt::Rows<int>& picks, bool valid) {
  const bool plain = simt::ballot(!threshold.plain) == 0;
  int written = 0;
  std::uint32_t bits = 0;  // of 32 blocks: the fewer loops, the less the lanes wait for each other
  walk(warp, looks, [&](int first, const float(&score)[kScoreGroup]) {
    std::uint32_t now = picked(score, threshold, plain);
    const int left = warp.own - first;
    if (left < kScoreGroup) now &= (1u << left) - 1;
    if (!valid) now = 0;
    bits |= now << first % 32;
    if (first % 32 != 0 || left <= kScoreGroup) {
      write_blocks(picks, written, bits, first - first % 32);
      bits = 0;
    }
  });
  return written;
}

template <class E, int kHeadDim, int kKept>
MOBASIM_KERNEL(kGateThreads, kKept <= 16 ? 3 : 2)
gate_picks(GateParameters p) {
  const simt::Index3 at = simt::block_index();
  const int head = at.y;
  const auto table = simt::line_of(reinterpret_cast<const int*>(p.tiles), "tiles", p.tile_count * kGateTileInts);
  const int entry = at.x * kGateTileInts;
  const int row_begin = simt::load(table, 0, entry), row_end = simt::load(table, 0, entry + 1);
  const int position = simt::load(table, 0, entry + 2), block_begin = simt::load(table, 0, entry + 3);
  const int blocks = simt::load(table, 0, entry + 4), routing = simt::load(table, 0, entry + 5);
  const int rows = row_end - row_begin;

  const int row = simt::thread_index();
  const int token = row_begin + (row < rows ? row : rows - 1);
  const auto picks =
      simt::line_of(p.picks + (static_cast<std::int64_t>(token) * p.heads + head) * p.slots, "picks", p.slots);
  const int first_row = simt::warp_index() * simt::kWarp;  // 32 rows have one own block: blocks are multiples of 64
  int written = 0;
  GateWarp<E, kHeadDim> warp;
  warp.own = routing != 0 ? (position + first_row) / p.block : 0;
  if (routing != 0 && simt::planted(simt::Bug::open_block_routed)) ++warp.own;
  warp.last_own = routing != 0 ? (position + rows - 1) / p.block : 0;
  if (warp.last_own > p.slots) {
    const bool looks = warp.own > p.slots && first_row < rows;
    const auto q =
        simt::rows_of(static_cast<const E*>(p.q) + (static_cast<std::int64_t>(row_begin) * p.heads + head) * kHeadDim,
                      "q", rows, kHeadDim, p.heads * kHeadDim);
    const int kv_head =
        simt::planted(simt::Bug::gate_key_head_mixed_up) ? head % p.kv_heads : kv_head_of(head, p.heads, p.kv_heads);
    warp.mean_key = simt::rows_of(
        static_cast<const E*>(p.mean_key) + (static_cast<std::int64_t>(block_begin) * p.kv_heads + kv_head) * kHeadDim,
        "mean_key", blocks, kHeadDim, p.kv_heads * kHeadDim);
    warp.tiles = simt::shared_base();
    warp.scores =
        warp.tiles + static_cast<simt::SharedAddress>(2 * kMeanKeyBytes<kHeadDim> + simt::warp_index() * kScoreBytes);
    load_queries(warp, q, first_row, rows - 1);
    const Threshold threshold = row_threshold<E, kHeadDim, kKept>(warp, p.slots, looks);
    written = write_picks(warp, threshold, looks, picks, row < rows);
  }
  if (row >= rows) return;
  if (warp.own <= p.slots) {  // no more blocks than slots: all
    for (; written < warp.own; ++written) simt::store(picks, 0, written, written);
  }
  for (; written < p.slots; ++written) simt::store(picks, 0, written, -1);
}

template <class E, int kHeadDim>
void launch_gate_of(const GateParameters& p, Stream stream) {
  LaunchShape shape;
  shape.grid = {static_cast<unsigned>(p.tile_count), static_cast<unsigned>(p.heads), 1};
  shape.threads = kGateThreads;
  shape.shared_bytes = 2 * kMeanKeyBytes<kHeadDim> + kGateWarps * kScoreBytes;
  if (p.slots < 4) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 4>);
  } else if (p.slots < 8) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 8>);
  } else if (p.slots < 16) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 16>);
  } else if (p.slots < 32) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 32>);
  } else {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 64>);
  }
}

}  // namespace

void launch_gate(const GateParameters& parameters, Element element, int head_dim, Stream stream) {
  if (element == Element::bf16) {
    head_dim == 64 ? launch_gate_of<simt::Bf16, 64>(parameters, stream)
                   : launch_gate_of<simt::Bf16, 128>(parameters, stream);
  } else {
    head_dim == 64 ? launch_gate_of<simt::Fp16, 64>(parameters, stream)
                   : launch_gate_of<simt::Fp16, 128>(parameters, stream);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
