#include "kernels/cuda/launch.h"
#include "kernels/cuda/pool.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

constexpr int kPoolThreads = 128;
constexpr int kPoolElements = 8;  // of a thread: 16 bytes

// Adds the eight numbers of a 16-byte word.
template <class E>
MOBASIM_DEVICE void add_word(float (&sum)[kPoolElements], const simt::Word4& word) {
  const std::uint32_t pairs[4] = {word.x, word.y, word.z, word.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    float low, high;
    simt::unpack<E>(pairs[i], low, high);
    sum[2 * i] += low;
    sum[2 * i + 1] += high;
  }
}

// One block of keys and one key head. A thread sums 8 columns of every kGroups-th key; then the groups are added in
// their order.
template <class E, int kHeadDim>
MOBASIM_KERNEL(kPoolThreads, 8)
mean_keys(PoolParameters p) {
  constexpr int kThreadsOfRow = kHeadDim / kPoolElements;
  constexpr int kGroups = kPoolThreads / kThreadsOfRow;
  const simt::Index3 at = simt::block_index();
  const auto table = simt::line_of(p.blocks, "blocks", p.total_blocks);
  const simt::Word2 entry = simt::load_as<simt::Word2>(table, 0, at.x);
  const int key_begin = static_cast<int>(entry.x), key_count = static_cast<int>(entry.y);
  const std::int64_t stride = static_cast<std::int64_t>(p.kv_heads) * kHeadDim;
  const auto keys = simt::rows_of(static_cast<const E*>(p.k) + key_begin * stride + at.y * kHeadDim, "k", key_count,
                                  kHeadDim, static_cast<int>(stride));

  const int column = simt::thread_index() % kThreadsOfRow * kPoolElements;
  const int group = simt::thread_index() / kThreadsOfRow;
  float sum[kPoolElements] = {};
#pragma unroll 4
  for (int row = group; row < key_count;
       row += simt::planted(simt::Bug::keys_left_out_of_mean) ? 2 * kGroups : kGroups) {
    add_word<E>(sum, simt::load_as<simt::Word4>(keys, row, column));
  }

  // [groups][head_dim] partial sums in shared memory; thread t < head_dim / 2 adds columns 2 t and 2 t + 1. Of each 8
  // threads, which are served together, the upper four store their second half first: all banks are used.
  const simt::SharedAddress base = simt::shared_base();
  const bool swapped = simt::thread_index() / 4 % 2 != 0;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    std::uint32_t bits[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) bits[i] = simt::bits_of(swapped ? sum[4 - 4 * half + i] : sum[4 * half + i]);
    const int first = column + 4 * (swapped ? 1 - half : half);
    simt::store_shared(base + static_cast<unsigned>((group * kHeadDim + first) * 4),
                       simt::Word4{bits[0], bits[1], bits[2], bits[3]});
  }
  simt::sync_block();
  if (simt::thread_index() >= kHeadDim / 2) return;
  float low = 0, high = 0;
  for (int g = 0; g < kGroups; ++g) {
    const auto pair =
        simt::load_shared<simt::Word2>(base + static_cast<unsigned>((g * kHeadDim + 2 * simt::thread_index()) * 4));
    low += simt::float_of(pair.x);
    high += simt::float_of(pair.y);
  }
  const auto count = static_cast<float>(key_count);
  const auto mean = simt::rows_of(static_cast<E*>(p.mean_key) + at.y * kHeadDim, "mean_key", p.total_blocks, kHeadDim,
                                  static_cast<int>(stride));
  simt::store(mean, at.x, 2 * simt::thread_index(), simt::pack<E>(low / count, high / count));
}

template <class E>
void launch_pool_of(const PoolParameters& p, int head_dim, Stream stream) {
  LaunchShape shape;
  shape.grid = {static_cast<unsigned>(p.total_blocks), static_cast<unsigned>(p.kv_heads), 1};
  shape.threads = kPoolThreads;
  shape.shared_bytes = kPoolThreads * kPoolElements * 4;
  if (head_dim == 64) {
    MOBASIM_LAUNCH(stream, shape, p, mean_keys<E, 64>);
  } else {
    MOBASIM_LAUNCH(stream, shape, p, mean_keys<E, 128>);
  }
}

}  // namespace

void launch_pool(const PoolParameters& parameters, Element element, int head_dim, Stream stream) {
  if (element == Element::bf16) {
    launch_pool_of<simt::Bf16>(parameters, head_dim, stream);
  } else {
    launch_pool_of<simt::Fp16>(parameters, head_dim, stream);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
