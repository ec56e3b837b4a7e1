// A measured layer beside the sum of what the table says of its parts.
#include "sim/check/layer_check.h"

#include "sim/device/gemm_model.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::layer_check_test {
namespace {

constexpr double kPerFlop = 1e-11, kAttentionPerFlop = 3e-11;

ProfileRow product_row(std::int64_t m, std::int64_t n, std::int64_t k) {
  ProfileRow row;
  row.operation = "gemm";
  row.implementation = "a library";
  row.dtype = "f32";
  row.m = m;
  row.n = n;
  row.k = k;
  row.flops = Flops(2.0 * static_cast<double>(m * n * k));
  row.time = row.time_lo = row.time_hi = Seconds(kPerFlop * row.flops.value());
  row.source = "a test";
  return row;
}

ProfileRow layer_row(const char* pass, double seconds) {
  ProfileRow row;
  row.operation = "layer";
  row.mechanism = "full";
  row.implementation = "a program";
  row.pass = pass;
  row.dtype = "f32";
  row.sequence = 2048;
  row.batch = 1;
  row.heads = 8;
  row.kv_heads = 2;
  row.head_dim = 64;
  row.hidden = 512;
  row.ffn = 1024;
  row.flops = Flops(1);
  row.time = row.time_lo = row.time_hi = Seconds(seconds);
  row.source = "a test";
  return row;
}

AttentionLayer attention_of_layer(std::int64_t sequence, Pass pass) {
  return {FullAttention{}, {sequence, 1, 2, 2, 64}, pass};
}

// Products and attention at fixed rates, 1 GB/s for everything else.
Device device_with_layer(double forward_seconds, double backward_seconds) {
  Device device = small_device();
  device.peak = {{"f32", FlopRate(1e12)}};
  device.memory_bandwidth = ByteRate(1e9);
  device.memory_bound = {1, 1, 1, Basis::measured, "a test"};
  for (const std::int64_t size : {256, 1024, 4096}) {
    device.profile.push_back(product_row(size, size, size));
    device.profile.push_back(product_row(size, 512, 512));
    device.profile.push_back(product_row(512, size, size));
  }
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    for (const std::int64_t sequence : {1024, 4096}) {
      device.profile.push_back(attention_row(attention_of_layer(sequence, pass), "a kernel", kAttentionPerFlop, "f32"));
    }
  }
  device.profile.push_back(layer_row("forward", forward_seconds));
  device.profile.push_back(layer_row("backward", backward_seconds));
  return device;
}

// 512 x 768 (queries, keys, values), 512 x 512, 512 x 2048 and 1024 x 512 for each of 2048 tokens.
constexpr double kProducts = 2.0 * 2048 * (512 * 768 + 512 * 512 + 512 * 2048 + 1024 * 512) * kPerFlop;
// 4 d for each pair of a causal square, 8 heads.
constexpr double kAttention = 4.0 * 64 * 8 * (2048.0 * 2049 / 2) * kAttentionPerFlop;
// docs/method/step.md, A32, fused: 10 h + 3 f + 2 (q + k) values forward, 12 h + 5 f + 2 (q + k) backward.
constexpr double kForwardBytes = 4.0 * 2048 * (10 * 512 + 3 * 1024 + 2 * 640);
constexpr double kBackwardBytes = 4.0 * 2048 * (12 * 512 + 5 * 1024 + 2 * 640);

}  // namespace

TEST_CASE("A layer is foretold as the sum of its products, its attention and its bytes") {
  const Device device = device_with_layer(0.5, 1);
  const std::vector<ShapeLeftOut> layers = layers_foretold(device);
  REQUIRE(layers.size() == 3);
  CHECK(layers[0].prediction.value() == Approx(kProducts + kAttention + kForwardBytes / 1e9));
  CHECK(layers[1].prediction.value() == Approx(2 * kProducts + 2 * kAttention + kBackwardBytes / 1e9));
  CHECK(layers[2].row.pass == "forward_backward");
  CHECK(layers[2].row.time == Seconds(1.5));
  CHECK(layers[2].prediction == layers[0].prediction + layers[1].prediction);
  CHECK(layers[0].basis == Basis::interpolated);
}

TEST_CASE("What a layer was measured at moves its error and nothing else") {
  const double right = 3 * kProducts + 3 * kAttention + (kForwardBytes + kBackwardBytes) / 1e9;
  const auto exact = layers_foretold(device_with_layer(right / 3, right * 2 / 3));
  CHECK(*greatest_layer_error(exact) == Approx(0).margin(1e-9));
  const auto slow = layers_foretold(device_with_layer(right, right));
  CHECK(*greatest_layer_error(slow) == Approx(0.5));
  CHECK(slow[2].prediction == exact[2].prediction);
  CHECK(shapes_left_out(device_with_layer(right, right)).size() == 13);  // layers are no shapes to leave out
}

TEST_CASE("Products and lengths that nobody measured make a layer's prediction extrapolated") {
  Device device = device_with_layer(1, 1);
  std::erase_if(device.profile, [](const ProfileRow& row) { return row.m == 4096 || row.n == 4096; });
  CHECK(layers_foretold(device)[0].basis == Basis::extrapolated);
  device = device_with_layer(1, 1);
  std::erase_if(device.profile,
                [](const ProfileRow& row) { return row.operation == "attention" && row.sequence == 4096; });
  CHECK(layers_foretold(device)[0].basis == Basis::extrapolated);
}

TEST_CASE("A table without a measured layer, and one pass without the other, have no error of both passes") {
  Device device = device_with_layer(1, 1);
  device.profile.pop_back();
  CHECK(layers_foretold(device).size() == 1);
  CHECK_FALSE(greatest_layer_error(layers_foretold(device)).has_value());
  device.profile.pop_back();
  CHECK(layers_foretold(device).empty());
}

TEST_CASE("A layer whose attention nobody timed is not foretold, and a disturbed one is no error of a layer") {
  Device device = device_with_layer(1, 2);
  REQUIRE(greatest_layer_error(layers_foretold(device)));
  device.profile.back().sampling = "disturbed";
  const std::vector<ShapeLeftOut> layers = layers_foretold(device);
  CHECK(disturbed(layers.back().row));  // both passes, of which one was
  CHECK_FALSE(greatest_layer_error(layers));
  device.profile.back().sampling = "settled";
  REQUIRE(greatest_layer_error(layers_foretold(device)));
  device.attention.clear();
  std::erase_if(device.profile, [](const ProfileRow& row) { return row.operation == "attention"; });
  const std::vector<ShapeLeftOut> untimed = layers_foretold(device);
  REQUIRE(untimed.size() == 3);
  for (const ShapeLeftOut& one : untimed) {
    CHECK_FALSE(one.predicted);
    CHECK_FALSE(one.note.empty());
  }
  CHECK_FALSE(greatest_layer_error(untimed));
}

}  // namespace mobasim::tests::layer_check_test
