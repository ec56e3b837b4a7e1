#include "sim/base/config.h"

#include <functional>

#include "tests/catch.h"

namespace mobasim::tests::config_test {
namespace {

// The message of the one error that reading gives, or "" when there is none.
std::string problem_of(const char* yaml, const std::function<void(ConfigMap)>& read) {
  try {
    ConfigFile file = ConfigFile::from_text(yaml, "test.yaml");
    read(file.root());
    file.finish();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string count_problem(const char* yaml) {
  return problem_of(yaml, [](ConfigMap root) { root.count("a"); });
}

}  // namespace

TEST_CASE("values are read with their types") {
  ConfigFile file = ConfigFile::from_text(R"(
name: h100
layers: 32Ki
tokens: 15e12
share: 0.25
memory: 80 GB
tied: false
kind: full
nested: {deep: [1, 2, 3]}
list:
  - {x: 1.5}
  - {x: 2.5}
one: 7
)",
                                          "test.yaml");
  ConfigMap root = file.root();
  CHECK(root.text("name") == "h100");
  CHECK(root.count("layers") == 32768);
  CHECK(root.count("tokens") == 15'000'000'000'000);
  CHECK(root.fraction("share") == 0.25);
  CHECK(root.quantity<Bytes>("memory") == Bytes(80e9));
  CHECK_FALSE(root.flag("tied"));
  CHECK(root.choice("kind", {"moba", "full"}) == "full");
  CHECK(root.map("nested").counts("deep") == std::vector<std::int64_t>{1, 2, 3});
  std::vector<double> xs;
  for (ConfigMap item : root.maps("list")) xs.push_back(item.number("x"));
  CHECK(xs == std::vector<double>{1.5, 2.5});
  CHECK(root.counts("one") == std::vector<std::int64_t>{7});
  CHECK(root.count_or("absent", 5) == 5);
  CHECK_FALSE(root.optional_text("absent_too").has_value());
  file.finish();
}

TEST_CASE("each trap of YAML is refused at its place with what would be right") {
  CHECK(count_problem("a: 010") ==
        "test.yaml:1:4: 'a': '010' has a leading zero, which YAML reads as octal: write it without");
  CHECK(count_problem("a: 128K").find("write 32Ki for 32 x 1024") != std::string::npos);
  CHECK(count_problem("a: 1.5").find("is no whole number") != std::string::npos);
  CHECK(count_problem("a: 0").find("at least 1") != std::string::npos);
  CHECK(count_problem("a: 1e300").find("too large") != std::string::npos);
  CHECK(count_problem("a: .nan").find("is no whole number") != std::string::npos);
  CHECK(count_problem("a:").find("nothing stands here") != std::string::npos);
  CHECK(count_problem("a: 1\na: 2") == "test.yaml:2:1: the key 'a' stands twice (first on line 1)");
  CHECK(count_problem("base: &b {x: 1}\na: 1\n<<: *b").find("merge keys") != std::string::npos);
  CHECK(count_problem("a: 1\n---\na: 2").find("second YAML document") != std::string::npos);
  CHECK(count_problem("") == "test.yaml: this file is empty; these keys are missing: a");
  CHECK(count_problem("- 1").find("a list stands here") != std::string::npos);
  CHECK(count_problem("a: [1").find("test.yaml:") == 0);
  CHECK(problem_of("a: .inf", [](ConfigMap root) { root.number("a"); }).find("no finite number") != std::string::npos);
  CHECK(problem_of("a: 1.5", [](ConfigMap root) { root.fraction("a"); }).find("outside 0..1") != std::string::npos);
  CHECK(problem_of("a: yes", [](ConfigMap root) { root.flag("a"); }).find("allowed: true, false") != std::string::npos);
  CHECK(problem_of("a: []", [](ConfigMap root) { root.texts("a"); }).find("an empty list") != std::string::npos);
}

TEST_CASE("a missing key is reported at the mapping that lacks it") {
  CHECK(problem_of("x: {b: 1}", [](ConfigMap root) {
          ConfigMap x = root.map("x");
          x.count("b");
          x.count("c");
        }) == "test.yaml:1:4: the key 'c' is missing");
  // What stands below a missing mapping is not reported again.
  CHECK(problem_of("y: 1", [](ConfigMap root) {
          root.count("y");
          root.map("x").count("c");
        }) == "test.yaml:1:1: the key 'x' is missing");
}

TEST_CASE("an unknown key names what is allowed and the nearest") {
  CHECK(problem_of("layer: 3", [](ConfigMap root) { root.count_or("layers", 1); }) ==
        "test.yaml:1:1: unknown key 'layer' (did you mean 'layers'?); allowed here: layers");
}

TEST_CASE("all problems of a file are told at once, sorted by place") {
  const std::string problems = problem_of("b: x\na: 010\nq: 1", [](ConfigMap root) {
    root.count("a");
    root.count("b");
    root.count("c");
  });
  CHECK(std::count(problems.begin(), problems.end(), '\n') == 3);
  CHECK(problems.find("test.yaml:1:1") < problems.find("test.yaml:1:4"));
  CHECK(problems.find("test.yaml:1:4") < problems.find("test.yaml:2:4"));
  CHECK(problems.find("test.yaml:2:4") < problems.find("test.yaml:3:1"));
}

TEST_CASE("missing, unreadable and binary files are the user's input") {
  CHECK_THROWS_AS(ConfigFile::read("/nonexistent/x.yaml"), ConfigError);
  CHECK_THROWS_AS(ConfigFile::read("/"), ConfigError);
}

}  // namespace mobasim::tests::config_test
