// The measured layer: its values against a layer written in float64, its gradients against finite differences of that.
#include "kernels/layer/layer.h"

#include <cmath>
#include <functional>
#include <limits>

#include "kernels/random.h"
#include "kernels/reference/reference.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::layer_test {
using namespace kernels;

namespace {

using Values = std::vector<double>;

double wide(float value) { return value; }
double wide(Bf16 value) { return widened(value); }

template <class T>
Values wide(const std::vector<T>& from) {
  Values to;
  for (const T value : from) to.push_back(wide(value));
  return to;
}

LayerWeights<double> wide(const LayerWeights<float>& w) {
  return {wide(w.attention_norm), wide(w.qkv), wide(w.output), wide(w.ffn_norm), wide(w.up), wide(w.down)};
}
LayerWeights<double> wide(const LayerWeights<Bf16>& w) {
  return {wide(w.attention_norm), wide(w.qkv), wide(w.output), wide(w.ffn_norm), wide(w.up), wide(w.down)};
}

std::vector<Values LayerWeights<double>::*> matrices() {
  using W = LayerWeights<double>;
  return {&W::attention_norm, &W::qkv, &W::output, &W::ffn_norm, &W::up, &W::down};
}

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

// [rows, in] x [in, out]
Values product(const Values& x, const Values& weight, std::int64_t rows, std::int64_t in, std::int64_t out) {
  Values y(index(rows * out), 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < in; ++i) {
      for (std::int64_t o = 0; o < out; ++o) y[index(r * out + o)] += x[index(r * in + i)] * weight[index(i * out + o)];
    }
  }
  return y;
}

Values normed(const Values& x, const Values& gain) {
  Values y = x;
  const std::size_t width = gain.size();
  for (std::size_t row = 0; row < x.size(); row += width) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += x[row + i] * x[row + i];
    const double rms = std::sqrt(squares / static_cast<double>(width) + 1e-5);
    for (std::size_t i = 0; i < width; ++i) y[row + i] *= gain[i] / rms;
  }
  return y;
}

// Heads [s, count, d] out of columns first.. of all [s, columns]; turned where asked.
Values heads_of(const LayerShape& shape, const Values& all, std::int64_t first, std::int64_t count, bool turned) {
  const std::int64_t d = shape.head_dim, columns = (shape.heads + 2 * shape.kv_heads) * d;
  Values heads;
  for (std::int64_t t = 0; t < shape.sequence; ++t) {
    for (std::int64_t h = 0; h < count; ++h) {
      for (std::int64_t c = 0; c < d; ++c) {
        const std::int64_t at = t * columns + first + h * d, pair = c % (d / 2);
        const double a = all[index(at + pair)], b = all[index(at + pair + d / 2)];
        const double angle =
            static_cast<double>(t) * std::pow(10000.0, -2.0 * static_cast<double>(pair) / static_cast<double>(d));
        const double value =
            c < d / 2 ? a * std::cos(angle) - b * std::sin(angle) : a * std::sin(angle) + b * std::cos(angle);
        heads.push_back(turned ? value : all[index(at + c)]);
      }
    }
  }
  return heads;
}

Values naive_layer(const LayerShape& shape, const LayerWeights<double>& w, const Values& x) {
  const std::int64_t s = shape.sequence, h = shape.hidden, q = shape.heads * shape.head_dim;
  const std::int64_t kv = shape.kv_heads * shape.head_dim;
  const Values all = product(normed(x, w.attention_norm), w.qkv, s, h, q + 2 * kv);
  const Values queries = heads_of(shape, all, 0, shape.heads, true),
               keys = heads_of(shape, all, q, shape.kv_heads, true);
  const Values values = heads_of(shape, all, q + kv, shape.kv_heads, false);
  const Values o = reference_forward(attention_of(shape), Inputs<double>{queries, keys, values, {}}).result.o;
  Values x2 = product(o, w.output, s, q, h);
  for (std::size_t i = 0; i < x2.size(); ++i) x2[i] += x[i];
  const Values both = product(normed(x2, w.ffn_norm), w.up, s, h, 2 * shape.ffn);
  Values active;
  for (std::int64_t t = 0; t < s; ++t) {
    for (std::int64_t i = 0; i < shape.ffn; ++i) {
      const double gate = both[index(t * 2 * shape.ffn + i)], up = both[index(t * 2 * shape.ffn + shape.ffn + i)];
      active.push_back(gate / (1 + std::exp(-gate)) * up);
    }
  }
  Values y = product(active, w.down, s, shape.ffn, h);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += x2[i];
  return y;
}

template <class T>
std::vector<T> random_values(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> values(index(count));
  for (T& value : values) {
    const auto normal = static_cast<float>(random.normal());
    if constexpr (std::is_same_v<T, Bf16>) {
      value = narrowed(normal);
    } else {
      value = normal;
    }
  }
  return values;
}

// rms of the difference over the rms of what it should be.
double relative_error(const Values& found, const Values& right) {
  REQUIRE(found.size() == right.size());
  double difference = 0, square = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    difference += (found[i] - right[i]) * (found[i] - right[i]);
    square += right[i] * right[i];
  }
  return std::sqrt(difference / square);
}

// Derivatives of f by every value of `at`, by central differences: exact but for terms of step^2.
Values derivatives(Values& at, const std::function<double()>& f) {
  constexpr double kStep = 1e-5;
  Values result;
  for (double& value : at) {
    const double before = value;
    value = before + kStep;
    const double more = f();
    value = before - kStep;
    const double less = f();
    value = before;
    result.push_back((more - less) / (2 * kStep));
  }
  return result;
}

template <class T>
void check_layer(const LayerShape& shape, int threads, double most) {
  const std::vector<T> x = random_values<T>(shape.sequence * shape.hidden, 1);
  const std::vector<T> d_y = random_values<T>(shape.sequence * shape.hidden, 2);
  Layer<T> layer(shape, threads, 3);
  Values wide_x = wide(x);
  const Values wide_d_y = wide(d_y);
  LayerWeights<double> weights = wide(layer.weights());
  CHECK(relative_error(wide(layer.forward(x.data())), naive_layer(shape, weights, wide_x)) < most);
  const Values d_x = wide(layer.backward(x.data(), d_y.data()));
  const LayerWeights<double> gradients = wide(layer.gradients());
  const auto loss = [&] {
    const Values y = naive_layer(shape, weights, wide_x);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * wide_d_y[i];
    return sum;
  };
  CHECK(relative_error(d_x, derivatives(wide_x, loss)) < most);
  for (const auto matrix : matrices())
    CHECK(relative_error(gradients.*matrix, derivatives(weights.*matrix, loss)) < most);
}

const LayerShape kFull{10, 12, 14, 2, 1, 4};
const LayerShape kMoba{19, 12, 14, 2, 1, 4, Mechanism::moba, 4, 2};

// Some processors have no kernel for bf16.
bool computes_bf16() {
  try {
    Layer<Bf16> layer(kFull, 1, 1);
    return true;
  } catch (const Unsupported&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a layer in f32 is right, and so are all its gradients") {
  for (const int threads : {1, 3}) {
    check_layer<float>(kFull, threads, 2e-5);
    check_layer<float>(kMoba, threads, 2e-5);
  }
}

TEST_CASE("a layer in bf16 is right to the rounding of its tensors") {
  if (!computes_bf16()) MOBASIM_SKIP("no product in bf16 on this processor");
  check_layer<Bf16>(kFull, 2, 0.03);  // each of a dozen tensors on the way is rounded by up to 2^-9
}

TEST_CASE("a layer gives the same bits each time, for any number of threads and on the memory of an earlier run") {
  const LayerShape shape{200, 64, 96, 2, 2, 16, Mechanism::moba, 32, 3};
  const std::vector<float> x = random_values<float>(200 * 64, 1), d_y = random_values<float>(200 * 64, 2);
  Layer<float> one(shape, 1, 7), many(shape, 3, 7);
  for (int run = 0; run < 2; ++run) {
    CHECK(one.forward(x.data()) == many.forward(x.data()));
    CHECK(one.backward(x.data(), d_y.data()) == many.backward(x.data(), d_y.data()));
    CHECK(one.gradients().ffn_norm == many.gradients().ffn_norm);
  }
}

TEST_CASE("the work of a layer, counted by hand") {
  const LayerShape shape{10, 12, 14, 2, 1, 4};
  const double products = 2.0 * 10 * (12 * 16 + 8 * 12 + 12 * 28 + 14 * 12), pairs = 55;
  CHECK(forward_flops(shape).value() == products + 4 * 4 * 2 * pairs);
  CHECK(backward_flops(shape).value() == 2 * (products + 4 * 4 * 2 * pairs));
}

TEST_CASE("a layer of no size, and an odd head_dim, are refused in words") {
  CHECK_THROWS_AS(Layer<float>(LayerShape{0, 12, 14, 2, 1, 4}, 1, 1), ConfigError);
  CHECK_THROWS_AS(Layer<float>(LayerShape{10, 12, 14, 2, 1, 5}, 1, 1), ConfigError);
  CHECK_THROWS_AS(Layer<float>(LayerShape{10, 12, 14, 3, 2, 4}, 1, 1), ConfigError);
  CHECK_THROWS_AS(Layer<float>(LayerShape{10, 12, 14, 2, 1, 4, Mechanism::sliding_window}, 1, 1), ConfigError);
}

}  // namespace mobasim::tests::layer_test
