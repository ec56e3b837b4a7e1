#include "sim/base/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "sim/base/file.h"
#include "sim/base/integer_text.h"
#include "sim/base/text.h"

namespace mobasim {
namespace config_detail {

struct Node {
  YAML::Node yaml;
  Location where;
  std::vector<std::string> asked;                     // keys, in the order they were asked for
  std::map<std::string, YAML::Node> entries;          // of a mapping
  std::map<std::string, Location> places;             // of the keys
  std::map<std::string, std::shared_ptr<Node>> maps;  // children handed out, so that each is checked once
};

struct Document {
  std::filesystem::path path;
  std::string name;
  std::vector<Problem> problems;
  std::vector<std::shared_ptr<Node>> visited;
  std::shared_ptr<Node> root;

  [[nodiscard]] Location place(const YAML::Mark& mark) const { return {name, mark.line + 1, mark.column + 1}; }
  void note(Location where, std::string what) { problems.push_back({std::move(where), std::move(what)}); }

  // A mapping as a Node: notes duplicate keys, merge keys and keys that are no scalars.
  std::shared_ptr<Node> mapping(const YAML::Node& yaml) {
    auto node = std::make_shared<Node>();
    node->yaml = yaml;
    node->where = place(yaml.Mark());
    for (const auto& entry : yaml) {
      const Location where = place(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        note(where, "a key must be a word");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      if (key == "<<") {
        note(where, "merge keys (<<) are not read; write the keys out");
        node->asked.push_back(key);
      } else if (node->entries.contains(key)) {
        note(where, fmt::format("the key '{}' stands twice (first on line {})", key, node->places[key].line));
        continue;
      }
      node->entries.emplace(key, entry.second);
      node->places.emplace(key, where);
    }
    visited.push_back(node);
    return node;
  }

  void note_unknown_keys(const Node& node) {
    for (const auto& [key, where] : node.places) {
      if (std::find(node.asked.begin(), node.asked.end(), key) != node.asked.end()) continue;
      std::vector<std::string> allowed = node.asked;
      std::sort(allowed.begin(), allowed.end());
      note(where, fmt::format("unknown key '{}'{}; allowed here: {}", key, suggestion(key, allowed), joined(allowed)));
    }
  }
};

}  // namespace config_detail

namespace {

using config_detail::Document;
using config_detail::Node;

std::string kind(const YAML::Node& yaml) {
  if (yaml.IsMap()) return "a mapping";
  if (yaml.IsSequence()) return "a list";
  if (yaml.IsNull()) return "nothing";
  return "a value";
}

}  // namespace

ConfigMap::ConfigMap(std::shared_ptr<Document> document, std::shared_ptr<Node> node)
    : document_(std::move(document)), node_(std::move(node)) {}

bool ConfigMap::has(std::string_view key) const {
  if (std::find(node_->asked.begin(), node_->asked.end(), key) == node_->asked.end()) node_->asked.emplace_back(key);
  return node_->entries.contains(std::string(key));
}

Location ConfigMap::where() const { return node_->where; }

Location ConfigMap::where(std::string_view key) const {
  const auto found = node_->entries.find(std::string(key));
  if (found == node_->entries.end()) return node_->where;
  return document_->place(found->second.Mark());
}

void ConfigMap::problem(std::string_view key, std::string what) { document_->note(where(key), std::move(what)); }

void ConfigMap::problems(const std::vector<std::string>& violations) {
  for (const std::string& violation : violations) document_->note(node_->where, violation);
}

namespace {

// The value at a key, or nothing after noting that it is missing.
const YAML::Node* value_at(const ConfigMap& map, Document& document, const Node& node, std::string_view key) {
  if (!map.has(key)) {
    document.note(node.where, fmt::format("the key '{}' is missing", key));
    return nullptr;
  }
  return &node.entries.find(std::string(key))->second;
}

// The text of a scalar, or nothing after noting what stands there instead.
std::optional<std::string> scalar_text(Document& document, const YAML::Node& yaml, std::string_view key,
                                       std::string_view wanted) {
  if (yaml.IsScalar() && !yaml.Scalar().empty()) return yaml.Scalar();
  document.note(document.place(yaml.Mark()), fmt::format("'{}': {} is wanted, and {} stands here", key, wanted,
                                                         yaml.IsScalar() ? "an empty text" : kind(yaml)));
  return std::nullopt;
}

std::int64_t integer_from(Document& document, const YAML::Node& yaml, std::string_view key, std::int64_t least) {
  const std::optional<std::string> text = scalar_text(document, yaml, key, "a whole number");
  if (!text) return 1;
  const ParsedInteger parsed = parsed_integer(*text);
  if (!parsed.value) {
    document.note(document.place(yaml.Mark()), fmt::format("'{}': {}", key, parsed.problem));
    return 1;
  }
  if (*parsed.value < least) {
    document.note(document.place(yaml.Mark()), fmt::format("'{}': {} is too small; at least {}", key, *text, least));
    return 1;
  }
  return *parsed.value;
}

double number_from(Document& document, const YAML::Node& yaml, std::string_view key, double lo, double hi) {
  const std::optional<std::string> text = scalar_text(document, yaml, key, "a number");
  if (!text) return 1;
  const std::optional<double> value = finite_number(*text);
  if (!value) {
    document.note(document.place(yaml.Mark()), fmt::format("'{}': '{}' is no finite number", key, *text));
    return 1;
  }
  if (*value < lo || *value > hi) {
    document.note(document.place(yaml.Mark()),
                  fmt::format("'{}': {} is outside {}..{}", key, *text, shortest(lo), shortest(hi)));
    return 1;
  }
  return *value;
}

// The items of a list of scalars; a scalar is a list of one.
std::vector<YAML::Node> items_at(Document& document, const YAML::Node* yaml, std::string_view key) {
  if (yaml == nullptr) return {};
  if (yaml->IsScalar()) return {*yaml};
  if (!yaml->IsSequence() || yaml->size() == 0) {
    document.note(document.place(yaml->Mark()),
                  fmt::format("'{}': a list of at least one item is wanted, and {} stands here", key,
                              yaml->IsSequence() ? "an empty list" : kind(*yaml)));
    return {};
  }
  return {yaml->begin(), yaml->end()};
}

}  // namespace

std::string ConfigMap::text(std::string_view key) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  return yaml ? scalar_text(*document_, *yaml, key, "a text").value_or("") : "";
}

bool ConfigMap::flag(std::string_view key) { return choice(key, {"true", "false"}) == "true"; }

std::int64_t ConfigMap::count(std::string_view key) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  return yaml ? integer_from(*document_, *yaml, key, 1) : 1;
}

std::int64_t ConfigMap::whole_number(std::string_view key) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  return yaml ? integer_from(*document_, *yaml, key, 0) : 0;
}

double ConfigMap::number(std::string_view key) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  constexpr double kAny = std::numeric_limits<double>::max();
  return yaml ? number_from(*document_, *yaml, key, -kAny, kAny) : 1;
}

double ConfigMap::fraction(std::string_view key) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  return yaml ? number_from(*document_, *yaml, key, 0, 1) : 1;
}

std::string ConfigMap::choice(std::string_view key, const std::vector<std::string>& allowed) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  if (!yaml) return allowed.front();
  const std::optional<std::string> word = scalar_text(*document_, *yaml, key, "one of " + joined(allowed));
  if (!word) return allowed.front();
  if (std::find(allowed.begin(), allowed.end(), *word) == allowed.end()) {
    document_->note(document_->place(yaml->Mark()), fmt::format("'{}': '{}' is unknown{}; allowed: {}", key, *word,
                                                                suggestion(*word, allowed), joined(allowed)));
    return allowed.front();
  }
  return *word;
}

double ConfigMap::quantity_value(std::string_view key, Dimension dimension) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  if (!yaml) return 1;
  const std::optional<std::string> text = scalar_text(*document_, *yaml, key, "a quantity with its unit");
  if (!text) return 1;
  const ParsedQuantity parsed = parsed_quantity(*text, dimension);
  if (!parsed.value) {
    problem(key, fmt::format("'{}': {}", key, parsed.problem));
    return 1;
  }
  if (*parsed.value < 0) {
    problem(key, fmt::format("'{}': '{}' is negative", key, *text));
    return 1;
  }
  return *parsed.value;
}

ConfigMap ConfigMap::map(std::string_view key) {
  const YAML::Node* yaml = value_at(*this, *document_, *node_, key);
  const std::string name(key);
  if (const auto found = node_->maps.find(name); found != node_->maps.end()) return {document_, found->second};
  std::shared_ptr<Node> child;
  if (yaml && yaml->IsMap()) {
    child = document_->mapping(*yaml);
  } else {
    if (yaml) problem(key, fmt::format("'{}': a mapping is wanted, and {} stands here", key, kind(*yaml)));
    // What is asked of this child has been reported as missing already: it collects problems that nobody reads.
    auto nowhere = std::make_shared<Document>();
    child = std::make_shared<Node>();
    child->where = where(key);
    return {nowhere, child};
  }
  node_->maps[name] = child;
  return {document_, child};
}

std::vector<ConfigMap> ConfigMap::maps(std::string_view key) {
  std::vector<ConfigMap> children;
  for (const YAML::Node& item : items_at(*document_, value_at(*this, *document_, *node_, key), key)) {
    if (item.IsMap()) {
      children.push_back({document_, document_->mapping(item)});
    } else {
      document_->note(document_->place(item.Mark()),
                      fmt::format("'{}': a mapping is wanted, and {} stands here", key, kind(item)));
    }
  }
  return children;
}

std::vector<std::string> ConfigMap::texts(std::string_view key) {
  std::vector<std::string> values;
  for (const YAML::Node& item : items_at(*document_, value_at(*this, *document_, *node_, key), key)) {
    if (auto value = scalar_text(*document_, item, key, "a text")) values.push_back(*value);
  }
  return values;
}

std::vector<std::int64_t> ConfigMap::counts(std::string_view key) {
  std::vector<std::int64_t> values;
  for (const YAML::Node& item : items_at(*document_, value_at(*this, *document_, *node_, key), key)) {
    values.push_back(integer_from(*document_, item, key, 1));
  }
  return values;
}

std::vector<double> ConfigMap::numbers(std::string_view key) {
  constexpr double kAny = std::numeric_limits<double>::max();
  std::vector<double> values;
  for (const YAML::Node& item : items_at(*document_, value_at(*this, *document_, *node_, key), key)) {
    values.push_back(number_from(*document_, item, key, -kAny, kAny));
  }
  return values;
}

std::optional<std::string> ConfigMap::optional_text(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return text(key);
}
std::optional<ConfigMap> ConfigMap::optional_map(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return map(key);
}
std::string ConfigMap::text_or(std::string_view key, std::string otherwise) {
  return has(key) ? text(key) : std::move(otherwise);
}
bool ConfigMap::flag_or(std::string_view key, bool otherwise) { return has(key) ? flag(key) : otherwise; }
std::int64_t ConfigMap::count_or(std::string_view key, std::int64_t otherwise) {
  return has(key) ? count(key) : otherwise;
}
double ConfigMap::number_or(std::string_view key, double otherwise) { return has(key) ? number(key) : otherwise; }
double ConfigMap::fraction_or(std::string_view key, double otherwise) { return has(key) ? fraction(key) : otherwise; }
std::string ConfigMap::choice_or(std::string_view key, const std::vector<std::string>& allowed, std::string otherwise) {
  return has(key) ? choice(key, allowed) : std::move(otherwise);
}

bool ConfigMap::is_list(std::string_view key) const {
  return has(key) && node_->entries.find(std::string(key))->second.IsSequence();
}

std::vector<std::string> ConfigMap::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : node_->entries) {
    names.push_back(key);
    (void)has(key);
  }
  return names;
}

ConfigFile::ConfigFile(std::shared_ptr<Document> document) : document_(std::move(document)) {}

ConfigFile ConfigFile::read(const std::filesystem::path& path) {
  ConfigFile file = from_text(text_of_file(path), path.string());
  file.document_->path = path;
  return file;
}

ConfigFile ConfigFile::from_text(std::string_view yaml, std::string name) {
  auto document = std::make_shared<Document>();
  document->path = name;
  document->name = std::move(name);
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(std::string(yaml));
  } catch (const YAML::Exception& error) {
    throw ConfigError(document->place(error.mark), "this is no YAML: " + error.msg);
  }
  if (documents.empty() || documents.front().IsNull()) {
    throw ConfigError(Location{document->name}, "this file is empty; a YAML mapping is wanted");
  }
  if (documents.size() > 1) {
    throw ConfigError(document->place(documents[1].Mark()), "a second YAML document; one a file is read");
  }
  if (!documents.front().IsMap()) {
    throw ConfigError(document->place(documents.front().Mark()),
                      "a YAML mapping (key: value) is wanted, and " + kind(documents.front()) + " stands here");
  }
  document->root = document->mapping(documents.front());
  return ConfigFile(document);
}

ConfigMap ConfigFile::root() const { return {document_, document_->root}; }

const std::filesystem::path& ConfigFile::path() const { return document_->path; }

void ConfigFile::finish() {
  std::vector<std::shared_ptr<Node>> visited;
  visited.swap(document_->visited);
  for (const auto& node : visited) document_->note_unknown_keys(*node);
  if (!document_->problems.empty()) throw ConfigError(document_->problems);
}

}  // namespace mobasim
