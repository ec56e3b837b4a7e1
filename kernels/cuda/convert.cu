#include "kernels/cuda/convert.h"
#include "kernels/cuda/launch.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

constexpr int kThreads = 128;
constexpr int kColumns = 8;  // a thread's at a time

// One block of threads a token.
template <class Element>
MOBASIM_KERNEL(kThreads, 8)
convert_kernel(ConvertParameters p) {
  const int token = simt::block_index().x;
  const auto sum = simt::rows_of(p.dq_sum, "dq_sum", p.tokens, p.width, p.width);
  const auto dq = simt::rows_of(static_cast<Element*>(p.dq), "dq", p.tokens, p.width, p.width);
  const auto packed = [&](std::uint32_t low, std::uint32_t high) {
    const float scale = simt::planted(simt::Bug::query_gradient_unscaled) ? 1.0f : p.scale;
    return simt::pack<Element>(simt::float_of(low) * scale, simt::float_of(high) * scale);
  };
  for (int column = simt::thread_index() * kColumns; column < p.width; column += kThreads * kColumns) {
    const simt::Word4 a = simt::load_as<simt::Word4>(sum, token, column);
    const simt::Word4 b = simt::load_as<simt::Word4>(sum, token, column + 4);
    simt::store(dq, token, column, simt::Word4{packed(a.x, a.y), packed(a.z, a.w), packed(b.x, b.y), packed(b.z, b.w)});
  }
}

}  // namespace

void launch_convert(Element element, const ConvertParameters& parameters, Stream stream) {
  const LaunchShape shape{{static_cast<unsigned>(parameters.tokens), 1, 1}, kThreads, 0};
  if (element == Element::bf16) {
    MOBASIM_LAUNCH(stream, shape, parameters, convert_kernel<simt::Bf16>);
  } else {
    MOBASIM_LAUNCH(stream, shape, parameters, convert_kernel<simt::Fp16>);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
