// Data flows down and includes run the other way, and only so.
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/program.h"
#include "tests/tree/source_tree.h"

namespace mobasim::tests::layering_test {
namespace {

// Put together here, so that this file does not contain them.
std::vector<std::string> paths_of_one_machine() { return {std::string("/wo") + "rk/", std::string("/tmp") + "/wt"}; }
std::string catch_namespace() { return std::string("Cat") + "ch"; }

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST_CASE("every include of the source tree goes the way it may") {
  CHECK(listed(tree_violations(source_folder(), paths_of_one_machine())) == "");
}

TEST_CASE("a tree that breaks a layering rule is reported with file and line") {
  struct Wrong {
    std::string file, content, expected;
  };
  const std::string own_namespace = "namespace mobasim::tests::a_test {\n";
  const std::vector<Wrong> wrongs = {
      {"sim/step/step.h", "#pragma once\n#include \"kernels/cases.h\"\n", "sim/step/step.h:2: "},
      {"sim/model/shape.h", "#include \"sim/run/run.h\"\n", "sim/model/shape.h:1: "},
      {"sim/loose.cpp", "#include \"sim/run/run.h\"\n", "sim/loose.cpp:1: "},
      {"sim/somewhere/new.cpp", "#include \"sim/run/run.h\"\n", "sim/somewhere/new.cpp:1: "},
      {"kernels/cpu/full.cpp", "#include \"sim/run/run.h\"\n", "kernels/cpu/full.cpp:1: "},
      {"sim/base/units.h", "#include \"sim/run/run.h\"\n", "sim/base/units.h:1: "},
      {"sim/model/shape.h", "#include \"fit/law.h\"\n", "sim/model/shape.h:1: "},
      {"fit/project.cpp", "#include \"cli/chart/svg.h\"\n", "fit/project.cpp:1: "},
      {"fit/project.cpp", "#include \"kernels/cases.h\"\n", "fit/project.cpp:1: "},
      {"cli/main.cpp", "#include \"tests/catch.h\"\n", "cli/main.cpp:1: "},
      {"cli/main.cpp", "\n\n#include \"../sim/run.h\"\n", "cli/main.cpp:3: "},
      {"fit/law.cpp", "#include <ceres/ceres.h>\n", "fit/law.cpp:1: "},
      {"kernels/gemm.cpp", "#include <dnnl.hpp>\n", "kernels/gemm.cpp:1: "},
      {"cli/plan.cpp", "  #  include <yaml-cpp/yaml.h>\n", "cli/plan.cpp:1: "},
      {"cli/plan.cpp", "#include <CLI/CLI.hpp>\n", "cli/plan.cpp:1: "},
      {"docs/method.md", "see " + std::string("/wo") + "rk/notes\n", "docs/method.md:1: "},
      {"tests/unit/a_test.cpp", "namespace mobasim::tests {\n}\n", "tests/unit/a_test.cpp:2: "},
      {"tests/unit/a_test.cpp", own_namespace + "CHECK_THROWS_WITH(f(), " + catch_namespace() + "::Contains(\"a\"));\n",
       "tests/unit/a_test.cpp:2: "},
      {"tests/unit/a_test.cpp", own_namespace + "using namespace " + catch_namespace() + ";\n",
       "tests/unit/a_test.cpp:2: "},
      {"tests/unit/a.h", "#include <catch2/catch_all.hpp>\n", "tests/unit/a.h:1: "},
      {"fit/law.cpp", std::string(kMostLines + 1, '\n'), "fit/law.cpp:401: "},
  };
  for (const Wrong& wrong : wrongs) {
    const ScratchFolder tree;
    for (const char* file : {"sim/run/run.h", "sim/base/units.h", "kernels/cases.h", "fit/law.h", "cli/chart/svg.h"}) {
      put_file(tree / file, "#pragma once\n");
    }
    put_file(tree / "tests/catch.h", "#pragma once\n");
    put_file(tree / wrong.file, wrong.content);
    const std::vector<std::string> found = tree_violations(tree.path(), paths_of_one_machine());
    INFO(wrong.file << " with " << wrong.content.substr(0, 60) << " gave\n" << listed(found));
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with(wrong.expected));
  }
}

TEST_CASE("a tree that keeps the layering rules has no violations") {
  const ScratchFolder tree;
  put_file(tree / "sim/base/units.h", "#include <string>\n");
  put_file(tree / "sim/base/yaml.cpp", "#include <yaml-cpp/parser.h>\n#include \"sim/base/units.h\"\n");
  put_file(tree / "sim/run/run.h", "#include \"sim/base/units.h\"\n");
  put_file(tree / "kernels/cases.h", "#include \"sim/base/units.h\"\n");
  put_file(tree / "fit/solve/ceres/solver.cpp", "#include <ceres/ceres.h>\n#include \"sim/run/run.h\"\n");
  put_file(tree / "cli/parser.cpp",
           "#include <CLI/CLI.hpp>\n#include \"kernels/cases.h\"\n#include \"sim/run/run.h\"\n");
  put_file(tree / "tests/catch.h", "#include <catch2/catch_all.hpp>\nusing " + catch_namespace() + "::Approx;\n");
  put_file(tree / "tests/cross/work_test.cpp",
           "namespace mobasim::tests::work_test {\n#include \"kernels/cases.h\"\n#include \"sim/run/run.h\"\n");
  CHECK(listed(tree_violations(tree.path(), paths_of_one_machine())) == "");
}

}  // namespace
}  // namespace mobasim::tests::layering_test
