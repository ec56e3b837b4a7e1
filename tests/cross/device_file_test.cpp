// The device that bench writes is one that the simulator reads.
#include "kernels/bench/bench.h"
#include "kernels/bench/files.h"
#include "sim/device/device.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::device_file_test {
TEST_CASE("a bench of a few seconds gives a device that the simulator accepts") {
  const tests::ScratchFolder folder;
  kernels::bench::Options options;
  options.budget = kernels::bench::least_budget();
  const kernels::bench::Result result = kernels::bench::result_of(options);
  kernels::bench::write_result(result, options, folder.path(), "here");
  const Device device = device_from(folder / "here.yaml");
  CHECK(violations(device).empty());
  CHECK(device.name == "here");
  CHECK(device.peak.at("f32") > FlopRate(1e8));
  CHECK(device.memory_bandwidth > ByteRate(1e8));
  CHECK(device.gemm.basis == Basis::measured);
  CHECK(device.attention.at("moba").basis == Basis::measured);
  for (const kernels::Dtype dtype : result.dtypes) CHECK(device.peak.contains(std::string(kernels::name(dtype))));
  CHECK(device.attention.at("sliding_window").basis == Basis::assumed);
  for (const ProfileRow& row : device.profile) {  // a peak is what nothing exceeds, however disturbed the machine was
    if (row.flops > Flops(0)) CHECK(row.flops / row.time <= 1.0006 * device.peak.at(row.dtype));  // four digits written
  }
  CHECK(device.profile.size() == result.rows.size());
}

}  // namespace mobasim::tests::device_file_test
