#include "sim/base/document.h"

#include <functional>

#include "sim/base/config.h"
#include "tests/catch.h"

namespace mobasim::tests::document_test {
namespace {

const std::string kRun = R"(model: tiny
layout: {tensor: 4, data: 2}
attention:
  - {layers: 3, mechanism: full}
  - {layers: 1, mechanism: moba}
)";

Document run_with(const std::vector<Override>& overrides, const std::string& yaml = kRun) {
  Document document = document_from_text(yaml, "run.yaml");
  for (const Override& each : overrides) set(document, each);
  return document;
}

// As --set would ask for it.
Override wanted(const std::string& path, const std::string& value) { return {path, value, "--set " + path}; }

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string refusal_of(const std::string& path, const std::string& value, const std::string& yaml = kRun) {
  return message_of([&] { (void)run_with({wanted(path, value)}, yaml); });
}

// What reading gives after values were set, or "".
std::string problem_of(const Document& document, const std::function<void(ConfigMap)>& read) {
  return message_of([&] {
    ConfigFile file(document);
    read(file.root());
    file.finish();
  });
}

}  // namespace

TEST_CASE("a value is set in place of the file's, beside it, and where there was no mapping") {
  const Document document = run_with({wanted("layout.tensor", "8"), wanted("layout.context", "2"),
                                      wanted("workload.sequence", "32Ki"), wanted("model", "llama")});
  ConfigFile file(document);
  ConfigMap root = file.root();
  CHECK(root.text("model") == "llama");
  ConfigMap layout = root.map("layout");
  CHECK(layout.count("tensor") == 8);
  CHECK(layout.count("context") == 2);
  CHECK(layout.count("data") == 2);
  CHECK(root.map("workload").count("sequence") == 32768);
  CHECK(root.maps("attention").size() == 2);
}

TEST_CASE("items of a list are set by their index, lists and mappings as a whole") {
  const Document items = run_with({wanted("attention.1.top_k", "12"), wanted("attention.0.layers", "7")});
  std::vector<ConfigMap> segments = ConfigFile(items).root().maps("attention");
  CHECK(segments[1].count("top_k") == 12);
  CHECK(segments[0].count("layers") == 7);
  const Document whole = run_with({wanted("attention", "{mechanism: moba, block: 512, top_k: 3}")});
  CHECK(ConfigFile(whole).root().map("attention").count("block") == 512);
  const Document list = run_with({wanted("attention", "[{mechanism: full}, {mechanism: moba}, {mechanism: full}]")});
  CHECK(ConfigFile(list).root().maps("attention").size() == 3);
}

TEST_CASE("the last value wins, and the document that was copied stays as it was") {
  const Document first = run_with({wanted("layout.tensor", "8")});
  Document second = first;
  set(second, wanted("layout.tensor", "16"));
  CHECK(ConfigFile(first).root().map("layout").count("tensor") == 8);
  CHECK(ConfigFile(second).root().map("layout").count("tensor") == 16);
  set(second, wanted("layout", "{data: 4}"));
  CHECK(ConfigFile(second).root().map("layout").count_or("tensor", 1) == 1);
}

TEST_CASE("of an anchor that two keys share, a value is set at one of them") {
  const Document document = run_with({wanted("b.x", "2")}, "a: &one {x: 1}\nb: *one\n");
  ConfigMap root = ConfigFile(document).root();
  CHECK(root.map("a").count("x") == 1);
  CHECK(root.map("b").count("x") == 2);
}

TEST_CASE("a text is set as it stands, whatever YAML would read in it") {
  for (const std::string text : {"out/a: b #1.yaml", "[1, 2", "*none", "'", "caf\xe9", "~"}) {
    const Document document = run_with({{"device", text, "--device", true}});
    CHECK(ConfigFile(document).root().text("device") == text);
  }
}

TEST_CASE("a problem in a value that was set names who set it, one elsewhere its line") {
  const Document document =
      run_with({wanted("layout.tensor", "010"), wanted("layout.tensr", "8"), wanted("extra", "{}")});
  const std::string problems = problem_of(document, [](ConfigMap root) {
    root.text("model");
    root.count("attention");
    root.map("extra").count("x");
    ConfigMap layout = root.map("layout");
    layout.count("tensor");
    layout.count("data");
  });
  CHECK(problems ==
        "--set extra: the key 'x' is missing\n"
        "--set layout.tensor: 'tensor': '010' has a leading zero, which YAML reads as octal: write it without\n"
        "--set layout.tensr: unknown key 'tensr' (did you mean 'tensor'?); allowed here: data, tensor\n"
        "run.yaml:4:3: 'attention': a whole number is wanted, and a list stands here");
}

TEST_CASE("a relative path starts from the folder of the file, or from the working folder where it was set") {
  Document document = document_from_text("model: ./m.yaml\ndevice: ./d.yaml\n", "runs/run.yaml");
  set(document, wanted("device", "./other.yaml"));
  ConfigMap root = ConfigFile(document).root();
  CHECK(root.folder("model") == "runs");
  CHECK_FALSE(root.was_set("model"));
  CHECK(root.folder("device") == "");
  CHECK(root.was_set("device"));
  CHECK_FALSE(root.was_set("price"));
}

TEST_CASE("what cannot be set is one clear message") {
  CHECK(refusal_of("model.name", "x") == "--set model.name: 'model' is a value: nothing can be set below it");
  CHECK(refusal_of("attention.2.layers", "x") ==
        "--set attention.2.layers: 'attention' has 2 items, counted from 0: there is none at 2");
  CHECK(refusal_of("attention.99999999999999999999", "x").find("there is none at 99999999999999999999") !=
        std::string::npos);
  CHECK(refusal_of("attention.top_k", "x") ==
        "--set attention.top_k: 'attention' is a list, and 'top_k' no index of it: its items are 'attention.0' and on");
  CHECK(refusal_of("attention[0].layers", "x") ==
        "--set attention[0].layers: 'attention[0].layers': items of a list are written 'attention.0' and on");
  CHECK(refusal_of("groups.0.heads", "4") ==
        "--set groups.0.heads: there is no list 'groups' to set an item of: set it whole, as in groups=[...]");
  for (const std::string path : {"", ".", "layout.", ".tensor", "layout..tensor"}) {
    CHECK(refusal_of(path, "8") ==
          "--set " + path + ": '" + path + "' is no path: keys joined by dots are wanted, as in layout.tensor");
  }
  CHECK(refusal_of("layout", "{tensor: [8").find("--set layout: this is no YAML: ") == 0);
  CHECK(refusal_of("layout", "*nothing").find("--set layout: this is no YAML: ") == 0);
  CHECK(refusal_of("layout", "1\n---\n2") == "--set layout: a second YAML document; one is read");
}

TEST_CASE("an empty text, comments, null and an empty mapping are documents, and nothing stands in them") {
  for (const std::string yaml : {"", "# nothing\n", "~", "null", "---\n", "---\n...\n"}) {
    INFO("'" << yaml << "'");
    Document document = document_from_text(yaml, "run.yaml");
    const auto read = [](ConfigMap root) {
      root.text("model");
      root.map("workload").count("sequence");
      root.missing("device", ": name one");
      root.flag_or("flag", true);
    };
    CHECK(problem_of(document, read) ==
          "run.yaml: this file is empty; these keys are missing: model, workload, device");
    CHECK(problem_of(document, [](ConfigMap root) { root.flag_or("flag", true); }) == "");
    set(document, wanted("model", "llama"));
    set(document, wanted("workload.sequence", "8192"));
    CHECK(problem_of(document, read) == "run.yaml: the key 'device' is missing: name one");
  }
  CHECK(problem_of(document_from_text("{}", "run.yaml"), [](ConfigMap root) { root.text("model"); }) ==
        "run.yaml:1:1: the key 'model' is missing");
}

TEST_CASE("a key with null is a mapping that is still to be made") {
  const Document document = run_with({wanted("layout.tensor", "8")}, "layout:\n");
  CHECK(ConfigFile(document).root().map("layout").count("tensor") == 8);
  CHECK(problem_of(run_with({wanted("layout", "")}), [](ConfigMap root) {
          (void)root.keys();
          root.map("layout");
        }) == "--set layout: 'layout': a mapping is wanted, and nothing stands here");
}

TEST_CASE("an alias is read as what it names, at its place, and cannot hold itself") {
  CHECK(problem_of(document_from_text("a: &one {x: 1}\nb: *one\n", "t"), [](ConfigMap root) {
          root.map("a").count("x");
          root.map("b").text("y");
        }) == "t:1:4: the key 'y' is missing\nt:1:10: unknown key 'x' (did you mean 'y'?); allowed here: y");
  CHECK(message_of([] { (void)document_from_text("a: &one [1, *one]", "t"); }) ==
        "t:1:13: an alias inside of what it names");
}

}  // namespace mobasim::tests::document_test
