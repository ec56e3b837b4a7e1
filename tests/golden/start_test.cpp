// The program starts without the libraries that most commands do without, and finds them when a command needs them.
#include <string>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::start_test {
TEST_CASE("what Ceres and oneDNN bring with them is not loaded when the program starts") {
  const ScratchFolder folder;
  const Outcome outcome =
      outcome_of_shell("LD_TRACE_LOADED_OBJECTS=1 " + quoted_for_shell(MOBASIM_PROGRAM), folder.path());
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.out.find("libstdc++") != std::string::npos);
  for (const std::string library :
       {"libceres", "libglog", "libspqr", "libcholmod", "liblapack", "libblas", "libdnnl"}) {
    INFO(library);
    CHECK(outcome.out.find(library) == std::string::npos);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // there Highway's headers may need its library
  CHECK(outcome.out.find("libhwy") == std::string::npos);
#endif
}

TEST_CASE("a module beside the program goes before the one where it was built") {
  const ScratchFolder folder;
  std::filesystem::copy(MOBASIM_PROGRAM, folder / "mobasim");
  const std::string program = quoted_for_shell((folder / "mobasim").string());
  const std::string fit = program + " fit data.csv --law p2 --compute compute --loss loss";
  put_file(folder / "data.csv", "compute,loss\n0.1,2.00\n1,1.7\n10,1.42\n30,1.31\n");
  const Outcome found = outcome_of_shell(fit, folder.path());
  INFO(found.err);
  CHECK(found.exit_code == 0);
  put_file(folder / "mobasim_ceres.so", "no shared object");
  const Outcome broken = outcome_of_shell(fit, folder.path());
  CHECK(broken.exit_code == 3);
  CHECK(broken.out == "");
  CHECK(broken.err.find("mobasim: cannot load a part of the program: ") != std::string::npos);
  CHECK(broken.err.find((folder / "mobasim_ceres.so").string()) != std::string::npos);
  CHECK(outcome_of_shell(program + " plan moba-1.5b-32k", folder.path()).exit_code == 0);
}

}  // namespace mobasim::tests::start_test
