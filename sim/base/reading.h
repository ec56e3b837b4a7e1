// What config.h keeps while a document is read: the mappings that were handed out, what was asked of each, and the
// problems found so far.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/document.h"
#include "sim/base/error.h"

namespace mobasim::config_detail {

struct Mapping {
  NodePointer node;
  std::vector<std::string> asked;                                     // keys, in the order they were asked for
  std::vector<std::string> missing;                                   // keys of an empty document
  std::map<std::string, std::shared_ptr<Mapping>, std::less<>> maps;  // handed out, so that each is checked once

  // The entry of a key, the first where it stands twice; nullptr without one.
  [[nodiscard]] const Node::Entry* entry(std::string_view key) const;
  [[nodiscard]] const Node& value_or_itself(std::string_view key) const;
  [[nodiscard]] bool is_empty_document() const;
  void ask(std::string_view key);
};

struct Reading {
  std::filesystem::path path;
  std::vector<ConfigError::Problem> problems;
  std::vector<std::shared_ptr<Mapping>> visited;
  std::shared_ptr<Mapping> root;

  void note(const Node& node, std::string what);
  // A mapping to be read. Notes duplicate keys, merge keys and keys that are no scalars.
  std::shared_ptr<Mapping> mapping(NodePointer node);
  void note_missing(Mapping& mapping, std::string_view key, std::string_view remedy);
  // Notes what note_missing has put off: of an empty document each key alone would tell the same.
  void note_missing_keys(Mapping& mapping);
  void note_unknown_keys(const Mapping& mapping);
};

}  // namespace mobasim::config_detail
