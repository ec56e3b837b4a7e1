// The loops of a layer's operations: each instruction set of this machine against float64, at widths with and without
// rests of vectors.
#include "kernels/layer/loops.h"

#include <cmath>

#include "kernels/random.h"
#include "tests/catch.h"

namespace mobasim::tests::loops_test {
using namespace kernels;

namespace {

template <class T>
std::vector<T> normal(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(stored<T>(static_cast<float>(3 * random.normal())));
  return values;
}

// Half a unit of the last place of a result, and what sums in f32 lose.
template <class T>
constexpr double kTolerance = sizeof(T) == 2 ? 0.0045 : 4e-6;

template <class T>
void near(T found, double expected, double scale) {
  CHECK(std::abs(widened(found) - expected) <= kTolerance<T> * (std::abs(expected) + scale));
}

template <class T>
void check(const LayerLoops<T>& loops, std::size_t width) {
  const auto n = static_cast<std::int64_t>(width);
  const std::vector<T> x = normal<T>(width, 1), gain = normal<T>(width, 2), d_y = normal<T>(width, 3);
  std::vector<T> y(width), other(width);
  std::vector<float> d_gain(width, 1.0f);
  double squares = 0, dot = 0;
  for (std::size_t i = 0; i < width; ++i) {
    squares += std::pow(widened(x[i]), 2);
    dot += double{widened(x[i])} * widened(gain[i]) * widened(d_y[i]);
  }
  const double inverse = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-5);
  const float kept = loops.rms_norm(n, x.data(), gain.data(), y.data());
  CHECK(std::abs(kept / inverse - 1) < 1e-6);
  loops.rms_norm_backward(n, d_y.data(), x.data(), gain.data(), kept, other.data(), d_gain.data());
  const double shrink = inverse * inverse * dot / static_cast<double>(width);
  for (std::size_t i = 0; i < width; ++i) {
    const double in = widened(x[i]), g = widened(gain[i]), d = widened(d_y[i]);
    near(y[i], in * inverse * g, 0);
    near(other[i], inverse * (g * d - in * shrink), inverse * (std::abs(g * d) + std::abs(in * shrink)));
    CHECK(std::abs(d_gain[i] - (1 + d * in * inverse)) < 1e-5 * (1 + std::abs(d * in * inverse)));
  }
  loops.sum(n, x.data(), gain.data(), y.data());
  for (std::size_t i = 0; i < width; ++i) near(y[i], double{widened(x[i])} + widened(gain[i]), 1e-3);
  loops.gated_activation(n, x.data(), gain.data(), y.data());
  std::vector<T> d_gate(width), d_up(width);
  loops.gated_activation_backward(n, d_y.data(), x.data(), gain.data(), d_gate.data(), d_up.data());
  for (std::size_t i = 0; i < width; ++i) {
    const double g = widened(x[i]), up = widened(gain[i]), d = widened(d_y[i]), s = 1 / (1 + std::exp(-g));
    near(y[i], g * s * up, 1e-6);
    near(d_gate[i], d * up * (s + g * s * (1 - s)), std::abs(d * up) * (1 + std::abs(g)));
    near(d_up[i], d * g * s, 1e-6);
  }
}

template <class T>
void check_turn(const LayerLoops<T>& loops, std::size_t half) {
  const std::vector<T> x = normal<T>(2 * half, 4);
  const std::vector<float> cosine = normal<float>(half, 5), sine = normal<float>(half, 6);
  std::vector<T> y(2 * half);
  for (const float sign : {1.0f, -1.0f}) {
    loops.turn(static_cast<std::int64_t>(half), cosine.data(), sine.data(), sign, x.data(), y.data());
    for (std::size_t c = 0; c < half; ++c) {
      const double a = widened(x[c]), b = widened(x[c + half]), turned = sign * double{sine[c]};
      const double scale = std::hypot(a, b) * std::hypot(cosine[c], turned);  // of what is subtracted
      near(y[c], a * cosine[c] - b * turned, scale);
      near(y[c + half], a * turned + b * cosine[c], scale);
    }
  }
}

template <class T>
void check_all() {
  REQUIRE_FALSE(all_layer_loops<T>().empty());
  for (const LayerLoops<T>& loops : all_layer_loops<T>()) {
    for (const std::size_t width : {1u, 7u, 31u, 32u, 64u, 100u, 131u}) {
      check(loops, width);
      check_turn(loops, width);
    }
  }
}

}  // namespace

TEST_CASE("the loops of a layer give what float64 gives, with every instruction set") {
  check_all<float>();
  check_all<Bf16>();
}

TEST_CASE("a gate far from 0 neither overflows nor leaves its limits") {
  for (const LayerLoops<float>& loops : all_layer_loops<float>()) {
    const std::vector<float> gate = {-1e4f, -90.0f, 90.0f, 1e4f}, up(4, 2.0f);
    std::vector<float> y(4);
    loops.gated_activation(4, gate.data(), up.data(), y.data());
    CHECK(std::abs(y[0]) < 1e-30f);
    CHECK(std::abs(y[1]) < 1e-30f);
    CHECK(y[2] == 180.0f);
    CHECK(y[3] == 2e4f);
  }
}

}  // namespace mobasim::tests::loops_test
