// A YAML document as a tree of values that know their places. It is parsed once; its nodes never change and are shared,
// so a copy costs nothing and a value set in the copy leaves the original as it was.
//
//   Document document = document_from_file("run.yaml");
//   set(document, {"layout.tensor", "8", "--set layout.tensor=8"});
//   const Run run = run_from(document, configs);
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/error.h"

namespace mobasim {

// Who wrote a value: a file, or whoever set it.
struct Source {
  std::string name;  // as messages give it: "run.yaml", "--set layout.tensor=8"
  bool is_file = true;
};

enum class NodeKind { nothing, scalar, list, mapping };
[[nodiscard]] std::string_view in_words(NodeKind kind);  // "nothing", "a value", "a list", "a mapping"

struct Node {
  struct Entry {
    std::shared_ptr<const Node> key, value;
  };
  NodeKind kind = NodeKind::nothing;
  std::shared_ptr<const Source> source;
  int line = 0, column = 0;                        // from 1; 0 in what was set and in the mapping of an empty file
  std::string text;                                // of a scalar
  std::vector<std::shared_ptr<const Node>> items;  // of a list
  std::vector<Entry> entries;  // of a mapping, in their order: a key may stand twice, and need not be a scalar
};
using NodePointer = std::shared_ptr<const Node>;

[[nodiscard]] Location where(const Node& node);
// The folder that a relative path in the value starts from: the file's; "", the working folder, where it was set.
[[nodiscard]] std::filesystem::path folder(const Node& node);

struct Document {
  std::shared_ptr<const Source> source;
  NodePointer root;  // a mapping; without entries for an empty text, for comments alone and for null
};

// Throws ConfigError when the file is missing, a directory or no text, or as document_from_text does.
[[nodiscard]] Document document_from_file(const std::filesystem::path& file);
// Throws ConfigError at the place when the text is no YAML, several documents, or no mapping (nor empty nor null).
[[nodiscard]] Document document_from_text(std::string_view yaml, std::string name);

// A value in place of a file's, or beside it.
struct Override {
  // Keys joined by dots; an item of a list by its index from 0: "layout.tensor", "attention.1.top_k".
  std::string path;
  std::string value;     // YAML, lists and mappings too: "8", "{mechanism: moba, block: 512, top_k: 3}"
  std::string who;       // what asked for it, which is the place of the value in messages: "--set layout.tensor=8"
  bool is_text = false;  // the value is a text as it stands, and no YAML
};
// Sets the value, in place of the one that is there. Mappings on the way that are not there are made; a list must be
// there and have the item. Throws ConfigError at `who` for an empty path or key, a path through a scalar or beyond the
// end of a list, and a value that is no YAML.
void set(Document& document, const Override& wanted);

}  // namespace mobasim
