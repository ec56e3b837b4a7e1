// What mutants do when they are asked to stop; that they are caught is tests/mutation.
#include "kernels/verify/mutants.h"

#include "tests/catch.h"

namespace mobasim::tests::mutants_test {
using namespace kernels;

TEST_CASE("mutants stop before the next case, while they are looked for and while they run") {
  int asked = 0;
  const Progress third({}, [&] { return ++asked == 3; });
  CHECK_THROWS_AS(verify::mutants(third), Stopped);
  CHECK(asked == 3);
  asked = 0;
  const Progress second({}, [&] { return ++asked == 2; });  // first for the mutant, then for its first case
  CHECK_THROWS_AS(verify::outcomes_of({{}}, second), Stopped);
  CHECK(asked == 2);
}

}  // namespace mobasim::tests::mutants_test
