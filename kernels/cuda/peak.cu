#include "kernels/cuda/launch.h"
#include "kernels/cuda/peak.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

// Operands in -1 .. 1, each another: tensor cores take less power, and so run faster, where operands are alike.
template <class Element>
MOBASIM_DEVICE std::uint32_t operand(int which) {
  const std::uint32_t mixed = static_cast<std::uint32_t>(simt::thread_index() * 16 + which) * 2654435761u;
  const auto value = [](std::uint32_t bits) { return static_cast<float>(bits) / 32768.0f - 1.0f; };
  return simt::pack<Element>(value(mixed & 0xffffu), value(mixed >> 16));
}

template <class Element>
MOBASIM_KERNEL(kPeakThreads, 4)
peak_kernel(PeakParameters p) {
  const std::uint32_t a[4] = {operand<Element>(0), operand<Element>(1), operand<Element>(2), operand<Element>(3)};
  std::uint32_t b[kPeakProducts][2];
  float sums[kPeakProducts][4];
#pragma unroll
  for (int i = 0; i < kPeakProducts; ++i) {
    b[i][0] = operand<Element>(4 + i);
    b[i][1] = operand<Element>(4 + i + kPeakProducts);
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = 0;
  }
  for (int round = 0; round < p.rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kPeakProducts; ++i) simt::mma<Element>(sums[i], a, b[i][0], b[i][1]);
  }
  float all = 0;
#pragma unroll
  for (int i = 0; i < kPeakProducts; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) all += sums[i][j];
  }
  const int block = simt::block_index().x;
  const auto sink = simt::rows_of(p.sink + block * kPeakThreads, "sink", 1, kPeakThreads, kPeakThreads);
  simt::store(sink, 0, simt::thread_index(), all);
}

}  // namespace

void launch_peak(Element element, const PeakParameters& parameters, int blocks, Stream stream) {
  const LaunchShape shape{{static_cast<unsigned>(blocks), 1, 1}, kPeakThreads, 0};
  if (element == Element::bf16) {
    MOBASIM_LAUNCH(stream, shape, parameters, peak_kernel<simt::Bf16>);
  } else {
    MOBASIM_LAUNCH(stream, shape, parameters, peak_kernel<simt::Fp16>);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
