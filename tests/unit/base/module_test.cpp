#include "sim/base/module.h"

#include <stdexcept>

#include "tests/catch.h"

namespace mobasim::tests::module_test {
TEST_CASE("a module that is not there is named, with the loader's reason") {
  try {
    (void)address_in_module("mobasim_nothing", "f");
    FAIL("it was loaded");
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    CHECK(what.starts_with("cannot load a part of the program: "));
    CHECK(what.find("mobasim_nothing.so") != std::string::npos);
  }
}

}  // namespace mobasim::tests::module_test
