#include "sim/base/provenance.h"

#include "sim/base/error.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::provenance_test {
TEST_CASE("provenance names the program, the command, each input with its fingerprint, and the facts") {
  const tests::ScratchFolder folder;
  const std::string file = (folder / "a.csv").string();
  tests::put_file(file, "a");
  // FNV-1a of "a" and of nothing: the published test vectors.
  CHECK(fingerprint(file) == "af63dc4c8601ec8c");
  const std::string json =
      json_of({"1.2", "abc", {"mobasim", "project", "a \"b\""}, {file}, {{"axis", "dollars"}, {"price", "2 $/h"}}});
  CHECK(json ==
        "{\n  \"program\": \"mobasim\",\n  \"version\": \"1.2\",\n  \"commit\": \"abc\",\n"
        "  \"command\": [\"mobasim\", \"project\", \"a \\\"b\\\"\"],\n  \"inputs\": [\n    {\"file\": \"" +
            file + "\", \"fnv1a64\": \"af63dc4c8601ec8c\"}\n  ],\n  \"axis\": \"dollars\",\n" +
            "  \"price\": \"2 $/h\"\n}\n");
  tests::put_file(file, "");
  CHECK(fingerprint(file) == "cbf29ce484222325");
}

TEST_CASE("provenance of an input that is not there is refused") {
  const tests::ScratchFolder folder;
  CHECK_THROWS_AS(json_of({"1", "c", {}, {folder / "no.csv"}, {}}), ConfigError);
}

}  // namespace mobasim::tests::provenance_test
