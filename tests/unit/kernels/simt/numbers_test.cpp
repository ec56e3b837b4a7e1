// 16-bit numbers against kernels/dtype.h: every number, and every place where rounding changes its mind.
#include "kernels/simt/numbers.h"

#include <cmath>
#include <limits>

#include "kernels/dtype.h"
#include "kernels/simt/simt.h"
#include "tests/catch.h"

namespace mobasim::tests::numbers_test {
namespace {

using namespace kernels;
using namespace kernels::simt;

struct Format {
  Dtype dtype;
  float (*value)(std::uint32_t);
  std::uint32_t (*bits)(float);
};
const Format kFormats[] = {{Dtype::bf16, bf16_value, bf16_bits}, {Dtype::fp16, fp16_value, fp16_bits}};

bool agrees(const Format& format, float value) {
  const float got = format.value(format.bits(value));
  const double wanted = rounded(value, format.dtype);
  return got == wanted && std::signbit(got) == std::signbit(wanted);
}

TEST_CASE("every 16-bit number survives, and NaN becomes the one NaN") {
  for (const Format& format : kFormats) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
      const float value = format.value(bits);
      if (std::isnan(value)) {
        REQUIRE(format.bits(value) == 0x7fffu);
      } else {
        REQUIRE(format.bits(value) == bits);
        REQUIRE(agrees(format, value));
      }
    }
  }
}

TEST_CASE("half way between neighbours and one f32 to either side, rounding is that of the reference") {
  const float infinite = std::numeric_limits<float>::infinity();
  for (const Format& format : kFormats) {
    for (std::uint32_t bits = 0; bits < 0x7fff; ++bits) {
      const float low = format.value(bits), high = format.value(bits + 1);
      if (!std::isfinite(low)) break;
      // Beyond the largest number the next would be as far away again.
      const double above = std::isfinite(high) ? high : low + (static_cast<double>(low) - format.value(bits - 1));
      const auto middle = static_cast<float>((low + above) / 2);
      for (const float value : {std::nextafter(middle, 0.f), middle, std::nextafter(middle, infinite)}) {
        INFO(value);
        REQUIRE(agrees(format, value));
        REQUIRE(agrees(format, -value));
      }
    }
    CHECK(agrees(format, infinite));
    CHECK(agrees(format, std::numeric_limits<float>::max()));
  }
}

TEST_CASE("pack puts the first number into the low half, and unpack takes them out again") {
  float low = 0, high = 0;
  CHECK(pack<Bf16>(1, -2) == 0xc0003f80u);
  unpack<Bf16>(0xc0003f80u, low, high);
  CHECK((low == 1 && high == -2));
  CHECK(pack<Fp16>(1, -2) == 0xc0003c00u);
  unpack<Fp16>(0xc0003c00u, low, high);
  CHECK((low == 1 && high == -2));
}

TEST_CASE("fast functions know no subnormal numbers") {
  const float smallest = std::numeric_limits<float>::min();
  CHECK(fast_exp2(-126) == smallest);
  CHECK(fast_exp2(-126.5f) == 0);
  CHECK(fast_exp2(-infinity()) == 0);
  CHECK(fast_log2(smallest / 2) == -infinity());
  CHECK(std::isnan(fast_log2(-1)));
  CHECK(fast_reciprocal(smallest / 2) == infinity());
  CHECK(fast_reciprocal(-0x1p127f) == 0);
  CHECK(std::signbit(fast_reciprocal(-0x1p127f)));
  CHECK(greater(std::numeric_limits<float>::quiet_NaN(), 1) == 1);
}

}  // namespace
}  // namespace mobasim::tests::numbers_test
