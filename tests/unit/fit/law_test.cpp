#include <cmath>

#include "fit/loss_law.h"
#include "tests/catch.h"

using namespace mobasim;

TEST_CASE("The list of laws names each law") { CHECK(law_names() == std::vector<std::string>{"p2", "paired"}); }

TEST_CASE("A power law is its scale at x = 1 and falls by 2^-b per doubling") {
  const PowerLaw law{1.54626, 0.10835};
  CHECK(loss_at(law, 1) == 1.54626);
  CHECK(loss_at(law, 6) / loss_at(law, 3) == Approx(std::exp2(-0.10835)).epsilon(1e-14));
}

TEST_CASE("x_at inverts loss_at, and is infinite where the law never gets") {
  for (const PowerLaw law : {PowerLaw{1.5, 0.1}, PowerLaw{3, -0.2}}) {
    for (const double x : {0.02, 1.0, 50.0}) CHECK(x_at(law, loss_at(law, x)) == Approx(x).epsilon(1e-12));
  }
  CHECK(std::isinf(x_at({1.5, 0}, 1.2)));
  CHECK(std::isinf(x_at({1.5, 0.1}, 0)));
  CHECK(std::isinf(x_at({1.5, 0.1}, -1)));
}

TEST_CASE("A paired law with s > 0 closes the gap as x grows") {
  const PairedLaw law{1.05, 0.01};
  CHECK(ratio_at(law, 1) == 1.05);
  CHECK(ratio_at(law, 10) < ratio_at(law, 1));
}
