#include "kernels/cuda/constants.h"
#include "kernels/cuda/delta.h"
#include "kernels/cuda/launch.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

constexpr int kThreads = 128;

// Sum of the products of eight pairs of 16-bit numbers.
template <class Element>
MOBASIM_DEVICE float dot(const simt::Word4& a, const simt::Word4& b) {
  const std::uint32_t left[4] = {a.x, a.y, a.z, a.w}, right[4] = {b.x, b.y, b.z, b.w};
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    float x0, x1, y0, y1;
    simt::unpack<Element>(left[i], x0, x1);
    simt::unpack<Element>(right[i], y0, y1);
    sum = simt::fused(x1, y1, simt::fused(x0, y0, sum));
  }
  return sum;
}

// kHeadDim / 8 lanes work on a row (of one token and head), 16 bytes each. block_index().y is the head.
template <class Element, int kHeadDim>
MOBASIM_KERNEL(kThreads, 8)
delta_kernel(DeltaParameters p) {
  constexpr int kLanes = kHeadDim / 8;
  const int head = simt::block_index().y;
  const int row = (simt::block_index().x * kThreads + simt::thread_index()) / kLanes;
  const int lane = simt::thread_index() % kLanes;
  const bool there = row < p.tokens;
  const int stride = p.heads * kHeadDim;
  const auto o = simt::rows_of(static_cast<const Element*>(p.o) + head * kHeadDim, "o", p.tokens, kHeadDim, stride);
  const auto d_o =
      simt::rows_of(static_cast<const Element*>(p.d_o) + head * kHeadDim, "d_o", p.tokens, kHeadDim, stride);
  float sum = 0;
  if (there) {
    sum = dot<Element>(simt::load_as<simt::Word4>(o, row, lane * 8), simt::load_as<simt::Word4>(d_o, row, lane * 8));
  }
#pragma unroll
  for (int mask = kLanes / 2; mask > 0; mask /= 2) sum += simt::shuffle_xor(sum, mask);
  if (!there) return;
  if (lane == 0) {
    const int lse_head = simt::planted(simt::Bug::lse_of_first_head) ? 0 : head;
    const auto lse = simt::rows_of(p.lse + lse_head, "lse", p.tokens, 1, p.heads);
    const auto terms =
        simt::rows_of(p.row_terms + static_cast<std::int64_t>(head) * p.tokens * 2, "row_terms", p.tokens, 2, 2);
    const float base_two = simt::load(lse, row, 0) * kLog2E;
    simt::store(terms, row, 0, simt::Word2{simt::bits_of(base_two), simt::bits_of(sum)});
  }
  if (p.dq == nullptr) return;
  const auto dq = simt::rows_of(p.dq + head * kHeadDim, "dq_sum", p.tokens, kHeadDim, stride);
#pragma unroll
  for (int part = simt::planted(simt::Bug::sums_not_cleared) ? 1 : 0; part < 2; ++part)
    simt::store(dq, row, (part * kLanes + lane) * 4, simt::Word4{0, 0, 0, 0});
}

}  // namespace

void launch_delta(Element element, int head_dim, const DeltaParameters& parameters, Stream stream) {
  const int rows = kThreads / (head_dim / 8);
  const LaunchShape shape{
      {static_cast<unsigned>((parameters.tokens + rows - 1) / rows), static_cast<unsigned>(parameters.heads), 1},
      kThreads,
      0};
  if (element == Element::bf16) {
    if (head_dim == 64) MOBASIM_LAUNCH(stream, shape, parameters, delta_kernel<simt::Bf16, 64>);
    if (head_dim == 128) MOBASIM_LAUNCH(stream, shape, parameters, delta_kernel<simt::Bf16, 128>);
  } else {
    if (head_dim == 64) MOBASIM_LAUNCH(stream, shape, parameters, delta_kernel<simt::Fp16, 64>);
    if (head_dim == 128) MOBASIM_LAUNCH(stream, shape, parameters, delta_kernel<simt::Fp16, 128>);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
