#include "tests/benchmark/attention/agreement.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/attention.h"
#include "tests/benchmark/attention/contenders.h"

namespace mobasim::benchmark {
namespace {

using kernels::Dtype;

// The greatest difference of two tensors, in units of the rounding of sums of values about as large as `b`'s greatest.
template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  double greatest = 0, apart = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double expected = static_cast<double>(kernels::widened(b[i]));
    const double difference = std::abs(static_cast<double>(kernels::widened(a[i])) - expected);
    if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
    greatest = std::max(greatest, std::abs(expected));
    apart = std::max(apart, difference);
  }
  return apart / (greatest * kernels::unit_of(std::is_same_v<T, float> ? Dtype::f32 : Dtype::bf16));
}

template <class T>
std::vector<std::string> disagreements_in(const Problem& full, int threads, bool openblas, bool onednn, bool spoiled) {
  constexpr double kAllowed = 8;  // both round p and d_s, and the result
  const Operands<T> operands(full);
  Results<T> own, other;
  kernels::cpu::Options options;
  options.threads = threads;
  kernels::cpu::forward(full, operands.view(), options, own.forward);
  kernels::cpu::backward(full, operands.view(), own.forward, options, own.gradients);
  std::vector<std::string> found;
  for (const Library<T>& library : libraries<T>(threads, openblas, onednn)) {
    for (const TileSize size : {TileSize{128, 128}, TileSize{128, 512}}) {
      std::optional<TileProducts<T>> products = library.products(full, size);
      if (!products) continue;
      const Yardstick<T> made = yardstick(full, size, threads, std::move(*products));
      made.forward(operands.view(), other.forward);
      made.backward(operands.view(), other.forward, other.gradients);
      if (spoiled) std::swap(other.gradients.dk[5], other.gradients.dk[other.gradients.dk.size() / 2]);
      const std::pair<const char*, double> distances[] = {{"o", distance(other.forward.o, own.forward.o)},
                                                          {"dq", distance(other.gradients.dq, own.gradients.dq)},
                                                          {"dk", distance(other.gradients.dk, own.gradients.dk)},
                                                          {"dv", distance(other.gradients.dv, own.gradients.dv)}};
      for (const auto& [tensor, apart] : distances) {
        if (apart <= kAllowed) continue;
        found.push_back(
            fmt::format("{} of {} ({} tokens, head_dim {}, tiles {}x{}, {} threads): {:.3g} roundings apart", tensor,
                        library.name, kernels::tokens(full), full.head_dim, size.queries, size.keys, threads, apart));
      }
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> disagreements(const Problem& full, Dtype dtype, int threads, bool openblas, bool onednn,
                                       bool spoiled) {
  return dtype == Dtype::bf16 ? disagreements_in<Bf16>(full, threads, openblas, onednn, spoiled)
                              : disagreements_in<float>(full, threads, openblas, onednn, spoiled);
}

}  // namespace mobasim::benchmark
