#include "kernels/cpu/instruction_sets.h"

#include <hwy/targets.h>

#include "tests/catch.h"

using namespace mobasim::kernels;

TEST_CASE("what runs here is what Highway says") {
  const auto supported = hwy::SupportedTargets();
  CHECK(runs_avx2() == ((supported & HWY_AVX2) != 0));
  CHECK(runs_avx512() == ((supported & HWY_AVX3) != 0));
}
