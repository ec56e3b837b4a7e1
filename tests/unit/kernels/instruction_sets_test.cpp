#include "kernels/cpu/instruction_sets.h"

#include <hwy/targets.h>

#include "tests/catch.h"

namespace mobasim::tests::instruction_sets_test {
using namespace kernels;

TEST_CASE("what runs here is what Highway says") {
  const auto supported = hwy::SupportedTargets();
  CHECK(runs_avx2() == ((supported & HWY_AVX2) != 0));
  CHECK(runs_avx512() == ((supported & HWY_AVX3) != 0));
}

}  // namespace mobasim::tests::instruction_sets_test
