// The conformance checks themselves: what they expect is worked out from documentation, and they see what is missing.
#include "kernels/verify/conformance/conformance.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "kernels/simt/executor.h"
#include "kernels/verify/conformance/numbers.h"
#include "tests/catch.h"

namespace mobasim::tests::conformance_test {
namespace {

using namespace kernels::conformance;

// Plain memory, and nothing that runs.
kernels::cuda::Target memory_alone() {
  kernels::cuda::Target target;
  target.name = "memory";
  target.allocate = [](std::size_t bytes, const char*) { return std::malloc(bytes); };
  target.release = [](void* memory) { std::free(memory); };
  target.upload = [](void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); };
  target.download = target.upload;
  target.synchronize = [](kernels::cuda::Stream) {};
  return target;
}

// Under the seed and the rounding of the session that lives.
kernels::cuda::Target executor() {
  kernels::cuda::Target target;
  target.name = "simt";
  target.allocate = kernels::simt::allocate;
  target.release = kernels::simt::release;
  target.upload = kernels::simt::upload;
  target.download = kernels::simt::download;
  target.synchronize = [](kernels::cuda::Stream) {};
  return target;
}

TEST_CASE("every primitive of the executor conforms, in any order of threads and with either rounding of mma") {
  using namespace kernels::simt;
  for (const Rounding rounding : {Rounding::exact, Rounding::truncating}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      ExecutorOptions options;
      options.seed = seed;
      options.rounding = rounding;
      const Session session(options);
      for (const Row& row : conformance(executor(), host::launch_probe)) {
        INFO(row.primitive << ": " << row.note);
        CHECK(row.conforms);
      }
    }
  }
}

TEST_CASE("a primitive that does nothing conforms to none of the expectations") {
  const auto nothing = [](const char*, const ProbeParameters&, kernels::cuda::Stream) {};
  const std::vector<Row> rows = conformance(memory_alone(), nothing);
  CHECK(rows.size() >= 30);
  for (const Row& row : rows) {
    INFO(row.primitive);
    CHECK_FALSE(row.conforms);
    CHECK(row.note != "");
  }
}

TEST_CASE("what a machine refuses is a finding about the primitive, and the others are tried") {
  const auto refused = [](const char* name, const ProbeParameters&, kernels::cuda::Stream) {
    throw kernels::cuda::CudaError(std::string("refused: ") + name);
  };
  for (const Row& row : conformance(memory_alone(), refused)) CHECK(row.note == "refused: " + row.primitive);
}

TEST_CASE("16-bit numbers are worked out as their definition has them") {
  CHECK(value_of(0x3f80, kBf16) == 1);
  CHECK(value_of(0x0001, kBf16) == std::ldexp(1.0, -133));
  CHECK(value_of(0xff7f, kBf16) == -std::ldexp(255.0, 120));
  CHECK(value_of(0x3c01, kFp16) == 1 + std::ldexp(1.0, -10));
  CHECK(value_of(0x0001, kFp16) == std::ldexp(1.0, -24));
  CHECK(value_of(0x7bff, kFp16) == 65504);
  CHECK(value_of(0xfc00, kFp16) == -INFINITY);
  CHECK(is_nan(0x7c01, kFp16));
  CHECK(nearest(65519.99, kFp16) == 0x7bff);
  CHECK(nearest(65520, kFp16) == 0x7c00);
  CHECK(nearest(1 + std::ldexp(1.0, -11), kFp16) == 0x3c00);  // a tie, to even
  CHECK(nearest(1 + 3 * std::ldexp(1.0, -11), kFp16) == 0x3c02);
  CHECK(nearest(-std::ldexp(1.0, -25), kFp16) == 0x8000);
  CHECK(nearest(2047.0 / 2048 * std::ldexp(1.0, -14), kFp16) == 0x0400);  // the greatest subnormal number and a half
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    for (const NumberFormat& format : {kBf16, kFp16}) {
      if (!is_nan(bits, format)) REQUIRE(nearest(value_of(bits, format), format) == bits);
    }
  }
}

}  // namespace
}  // namespace mobasim::tests::conformance_test
