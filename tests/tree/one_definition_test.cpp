// A name stands for one thing in a whole program (the one-definition rule, [basic.def.odr]). Two types of one name in
// two files compile, and the linker then keeps one copy of std::vector<T>::push_back for both of them: which one, and
// whether it matters, depends on the order of linking and on what was inlined. Two nets for it:
//
//   headers   all headers of the program read into one file: there the compiler refuses a second definition, also of an
//             inline function, which the other net cannot see
//   objects   all that was built, linked once more by GCC from its intermediate code (MOBASIM_ODR): the linker compares
//             the types of one name, also those that stand in a .cpp file
#include <string>

#include "tests/catch.h"
#include "tests/program.h"
#include "tests/tree/compiler.h"
#include "tests/tree/source_tree.h"

namespace mobasim::tests::one_definition_test {
namespace {

// Headers that are compiled many times under other names: nvcc's side of the primitives, and what Highway includes once
// for each instruction set.
bool is_compiled_apart(const std::string& header) {
  return header == "kernels/simt/device.h" || header.ends_with("-inl.h");
}

// A source file that includes every header of the program in `root`.
std::string all_headers(const std::filesystem::path& root) {
  std::string content;
  for (const std::string& file : tree_detail::files_below(root)) {
    if (!file.ends_with(".h") || tree_detail::layer_of(file).empty() || is_compiled_apart(file)) continue;
    content += "#include \"" + (root / file).string() + "\"\n";
  }
  return content;
}

// The outcome of linking object files by their intermediate code; what comes out is of no use. A file that several
// programs are linked from stands in it once, and main several times.
Outcome outcome_of_linker(const std::string& objects, const std::filesystem::path& folder) {
  return outcome_of_shell(quoted_for_shell(MOBASIM_CXX_COMPILER) +
                              " -r -nostdlib -flto -flinker-output=rel -Werror=odr -Werror=lto-type-mismatch "
                              "-Wl,-z,muldefs -o together.o " +
                              objects,
                          folder);
}

// Two files of which each has a type `second` or `first` and a vector of it.
Outcome outcome_of_two(const std::string& first, const std::string& second) {
  const ScratchFolder folder;
  const auto content = [](const std::string& type, const char* function) {
    return "#include <vector>\nnamespace parts { " + type + " }\nstd::size_t " + function +
           "() {\n  std::vector<parts::Run> runs;\n  runs.push_back({});\n  return runs.size();\n}\n";
  };
  put_file(folder / "a.cpp", content(first, "runs_of_a"));
  put_file(folder / "b.cpp", content(second, "runs_of_b"));
  const Outcome compiled = outcome_of_shell(
      quoted_for_shell(MOBASIM_CXX_COMPILER) + " -std=c++20 -O3 -flto -ffat-lto-objects -c a.cpp b.cpp", folder.path());
  INFO(compiled.err);
  REQUIRE(compiled.exit_code == 0);
  return outcome_of_linker("a.o b.o", folder.path());
}

TEST_CASE("no two headers of the program define the same name") {
  const std::string content = all_headers(source_folder());
  CHECK(content.find("kernels/problem.h\"") != std::string::npos);
  const Outcome outcome = outcome_of_compiler(content, ScratchFolder().path());
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("headers that define the same name are told apart, types and inline functions") {
  for (const char* definition : {"struct Run { int begin; };", "inline int runs() { return 1; }"}) {
    const ScratchFolder tree;
    put_file(tree / "kernels/a.h", std::string("#pragma once\nnamespace parts { ") + definition + " }\n");
    put_file(tree / "kernels/b.h", std::string("#pragma once\nnamespace others { ") + definition + " }\n");
    CHECK(outcome_of_compiler(all_headers(tree.path()), tree.path()).exit_code == 0);
    // Another text: GCC takes files of the same text and time for one.
    put_file(tree / "sim/c.h", std::string("#pragma once\nnamespace parts { ") + definition + " }  // again\n");
    const Outcome outcome = outcome_of_compiler(all_headers(tree.path()), tree.path());
    INFO(outcome.err);
    CHECK(outcome.exit_code != 0);
    CHECK(outcome.err.find("sim/c.h:2:") != std::string::npos);
  }
}

// The file that lists all object files, where they hold intermediate code.
std::string object_list() {
  const std::string list = MOBASIM_OBJECTS;
  if (list.empty())
    MOBASIM_SKIP("the object files hold no intermediate code of GCC (MOBASIM_ODR, which preset ci sets)");
  return list;
}

TEST_CASE("no name is two types in all that was built") {
  const std::string list = object_list();
  const ScratchFolder folder;
  const Outcome outcome = outcome_of_linker("@" + quoted_for_shell(list), folder.path());
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("the linker tells two types of one name apart") {
  (void)object_list();
  const std::string samples = "struct Run { std::vector<double> times; double at; };";
  CHECK(outcome_of_two(samples, samples).exit_code == 0);
  CHECK(outcome_of_two("namespace { " + samples + " }", "struct Run { long begin, end; };").exit_code == 0);
  const Outcome outcome = outcome_of_two(samples, "struct Run { long begin, end; };");
  INFO(outcome.err);
  CHECK(outcome.exit_code != 0);
  CHECK(outcome.err.find("violates the C++ One Definition Rule") != std::string::npos);
}

}  // namespace
}  // namespace mobasim::tests::one_definition_test
