// The rules of a device.
#include "sim/device/device.h"

#include "sim/device/gemm_model.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::device_test {
TEST_CASE("A device's broken rules are all told") {
  Device device = small_device();
  CHECK(violations(device).empty());
  device.gemm.lo = 0.9;
  device.memory = Bytes(0);
  device.link_bandwidth = ByteRate(0);
  CHECK(violations(device).size() == 4);  // gemm's order, memory, reserved < memory, link
}

TEST_CASE("A number format that a device has no peak of is refused, not made up") {
  CHECK_THROWS_AS(gemm_model(small_device(), "fp8"), Unsupported);
}

}  // namespace mobasim::tests::device_test
