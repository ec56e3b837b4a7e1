// The fast time of matrix products.
#include "sim/device/gemm_model.h"

#include <algorithm>

#include "sim/device/dtype.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::gemm_model_test {
namespace {

const std::vector<double> kSizes{1, 8, 63, 64, 65, 127, 128, 129, 255, 257, 576, 1000, 2048, 4096, 5120, 13312, 32128};

std::vector<Device> shipped_devices() {
  std::vector<Device> devices;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "configs/devices")) {
    if (entry.path().extension() == ".yaml") devices.push_back(device_from(entry.path()));
  }
  return devices;
}

// 100 FLOP/s on each of four multiprocessors, full efficiency, memory that is never the limit.
Device four_multiprocessors() {
  Device device = small_device();
  device.peak = {{"bf16", FlopRate(400)}};
  device.memory_bandwidth = ByteRate(1e12);
  device.multiprocessors = 4;
  device.gemm_coefficients.efficiency = {{"bf16", 1}};
  device.gemm_coefficients.memory_efficiency = 1;
  device.gemm_coefficients.spread = 0;
  device.gemm_coefficients.small_tile_cost = 1000;  // none but the two largest shapes pays
  return device;
}

template <class F>
void for_each_size(const F& check) {
  for (const double m : kSizes) {
    for (const double n : kSizes) {
      for (const double k : kSizes) check(m, n, k);
    }
  }
}

}  // namespace

TEST_CASE("No product is faster than its roofline, on every shipped device and format") {
  for (const Device& device : shipped_devices()) {
    for (const auto& [dtype, peak] : device.peak) {
      const GemmModel model = gemm_model(device, dtype);
      for_each_size([&](double m, double n, double k) {
        const double least = std::max(2 * m * n * k / peak.value(), ((m + n) * k * operand_bytes(dtype) + m * n * 2) /
                                                                        device.memory_bandwidth.value());
        if (gemm_seconds(model, m, n, k) < least) FAIL(device.name << " " << dtype << " " << m << " " << n << " " << k);
      });
    }
  }
}

TEST_CASE("A larger product is never faster") {
  for (const Device& device : shipped_devices()) {
    const GemmModel model = gemm_model(device, "bf16");
    for_each_size([&](double m, double n, double k) {
      const double time = gemm_seconds(model, m, n, k);
      for (const double more : {1.0, 64.0, 129.0, 4096.0}) {
        if (gemm_seconds(model, m + more, n, k) < time) FAIL(device.name << " m " << m << " + " << more);
        if (gemm_seconds(model, m, n + more, k) < time) FAIL(device.name << " n " << n << " + " << more);
        if (gemm_seconds(model, m, n, k + more) < time) FAIL(device.name << " k " << k << " + " << more);
      }
    });
  }
}

TEST_CASE("Twice the multiprocessors are never slower, and at most twice as fast") {
  for (const Device& device : shipped_devices()) {
    Device doubled = device;
    doubled.multiprocessors *= 2;
    doubled.peak["bf16"] = 2 * device.peak.at("bf16");
    doubled.memory_bandwidth = 2 * device.memory_bandwidth;
    const GemmModel one = gemm_model(device, "bf16"), two = gemm_model(doubled, "bf16");
    for_each_size([&](double m, double n, double k) {
      const double before = gemm_seconds(one, m, n, k), after = gemm_seconds(two, m, n, k);
      if (after > before || 2 * after < before * (1 - 1e-12)) FAIL(device.name << " " << m << " " << n << " " << k);
    });
  }
}

TEST_CASE("Tiles, waves and the ramp, counted by hand") {
  Device device = four_multiprocessors();
  const auto seconds = [&](double m, double n, double k) { return gemm_seconds(gemm_model(device, "bf16"), m, n, k); };
  const double tile = 2.0 * 256 * 256 / 100;  // seconds for each value of k
  CHECK(seconds(512, 512, 32) == Approx(32 * tile));
  CHECK(seconds(511.5, 385, 32) == Approx(32 * tile));  // rounded up to whole tiles
  // Five large tiles take two waves; ten of half the size take three of half the time.
  CHECK(seconds(5 * 256, 256, 32) == Approx(1.5 * 32 * tile));
  // With the last wave spread over all multiprocessors five tiles take five quarters.
  device.gemm_coefficients.spread = 1;
  CHECK(seconds(5 * 256, 256, 32) == Approx(1.25 * 32 * tile));
  device.gemm_coefficients.ramp = 8;
  device.gemm_coefficients.start = Seconds(7);
  CHECK(seconds(5 * 256, 256, 32) == Approx(7 + 1.25 * 40 * tile));
  // Behind a memory of a thousandth of a byte a second.
  device.memory_bandwidth = ByteRate(1e-3);
  CHECK(seconds(10, 20, 30) == Approx(7 + 2e3 * (10 * 30 + 30 * 20 + 10 * 20)));
}

TEST_CASE("Fractions of a token count as a whole one, and nothing takes no time") {
  const GemmModel model = gemm_model(shipped_device("a100-sxm"), "bf16");
  CHECK(gemm_seconds(model, 1024.25, 4096, 4096) == gemm_seconds(model, 1025, 4096, 4096));
  CHECK(gemm_seconds(model, 0, 4096, 4096) == 0);
  CHECK(gemm_seconds(model, 4096, 4096, 0) == 0);
}

TEST_CASE("Without coefficients a product of whole tiles runs at the device's gemm efficiency") {
  const GemmModel model = gemm_model(small_device(), "bf16");
  CHECK(gemm_seconds(model, 512, 512, 4096) == Approx(2.0 * 512 * 512 * 4096 / 50));
}

TEST_CASE("A format without a peak is refused by name") {
  CHECK_THROWS_AS(gemm_model(shipped_device("a100-sxm"), "fp8"), Unsupported);
  CHECK(operand_bytes("nvfp4") == Approx(0.5625));
  CHECK_THROWS_AS(bytes_of("nvfp4"), Unsupported);
}

}  // namespace mobasim::tests::gemm_model_test
