#include "sim/base/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/integer_text.h"
#include "sim/base/reading.h"
#include "sim/base/text.h"

namespace mobasim {

using config_detail::Mapping;
using config_detail::Reading;

ConfigMap::ConfigMap(std::shared_ptr<Reading> reading, std::shared_ptr<Mapping> mapping)
    : reading_(std::move(reading)), mapping_(std::move(mapping)) {}

bool ConfigMap::has(std::string_view key) const {
  mapping_->ask(key);
  return mapping_->entry(key) != nullptr;
}

Location ConfigMap::where() const { return mobasim::where(*mapping_->node); }

Location ConfigMap::where(std::string_view key) const { return mobasim::where(mapping_->value_or_itself(key)); }

bool ConfigMap::was_set(std::string_view key) const { return !mapping_->value_or_itself(key).source->is_file; }

std::filesystem::path ConfigMap::folder(std::string_view key) const {
  return mobasim::folder(mapping_->value_or_itself(key));
}

void ConfigMap::problem(std::string_view key, std::string what) {
  reading_->note(mapping_->value_or_itself(key), std::move(what));
}

void ConfigMap::problems(const std::vector<std::string>& violations) {
  for (const std::string& violation : violations) reading_->note(*mapping_->node, violation);
}

void ConfigMap::missing(std::string_view key, std::string_view remedy) {
  reading_->note_missing(*mapping_, key, remedy);
}

// The value at a key, or nullptr after noting that it is missing.
const Node* ConfigMap::value_at(std::string_view key) {
  if (has(key)) return mapping_->entry(key)->value.get();
  missing(key);
  return nullptr;
}

// The items of a list at a key; a scalar is a list of one.
std::vector<NodePointer> ConfigMap::items_at(std::string_view key) {
  if (value_at(key) == nullptr) return {};
  const NodePointer& node = mapping_->entry(key)->value;
  if (node->kind == NodeKind::scalar) return {node};
  if (node->kind != NodeKind::list || node->items.empty()) {
    reading_->note(*node, fmt::format("'{}': a list of at least one item is wanted, and {} stands here", key,
                                      node->kind == NodeKind::list ? "an empty list" : in_words(node->kind)));
    return {};
  }
  return node->items;
}

namespace {

// The text of a scalar, or nothing after noting what stands there instead.
std::optional<std::string> scalar_text(Reading& reading, const Node& node, std::string_view key,
                                       std::string_view wanted) {
  const bool is_scalar = node.kind == NodeKind::scalar;
  if (is_scalar && !node.text.empty()) return node.text;
  reading.note(node, fmt::format("'{}': {} is wanted, and {} stands here", key, wanted,
                                 is_scalar ? "an empty text" : in_words(node.kind)));
  return std::nullopt;
}

std::int64_t integer_from(Reading& reading, const Node& node, std::string_view key, std::int64_t least) {
  const std::optional<std::string> text = scalar_text(reading, node, key, "a whole number");
  if (!text) return 1;
  const ParsedInteger parsed = parsed_integer(*text);
  if (!parsed.value) {
    reading.note(node, fmt::format("'{}': {}", key, parsed.problem));
    return 1;
  }
  if (*parsed.value < least) {
    reading.note(node, fmt::format("'{}': {} is too small; at least {}", key, *text, least));
    return 1;
  }
  return *parsed.value;
}

double number_from(Reading& reading, const Node& node, std::string_view key, double lo, double hi) {
  const std::optional<std::string> text = scalar_text(reading, node, key, "a number");
  if (!text) return 1;
  const std::optional<double> value = finite_number(*text);
  if (!value) {
    reading.note(node, fmt::format("'{}': '{}' is no finite number", key, *text));
    return 1;
  }
  if (*value < lo || *value > hi) {
    reading.note(node, fmt::format("'{}': {} is outside {}..{}", key, *text, shortest(lo), shortest(hi)));
    return 1;
  }
  return *value;
}

}  // namespace

std::string ConfigMap::text(std::string_view key) {
  const Node* node = value_at(key);
  return node ? scalar_text(*reading_, *node, key, "a text").value_or("") : "";
}

bool ConfigMap::flag(std::string_view key) { return choice(key, {"true", "false"}) == "true"; }

std::int64_t ConfigMap::count(std::string_view key) {
  const Node* node = value_at(key);
  return node ? integer_from(*reading_, *node, key, 1) : 1;
}

std::int64_t ConfigMap::whole_number(std::string_view key) {
  const Node* node = value_at(key);
  return node ? integer_from(*reading_, *node, key, 0) : 0;
}

double ConfigMap::number(std::string_view key) {
  const Node* node = value_at(key);
  constexpr double kAny = std::numeric_limits<double>::max();
  return node ? number_from(*reading_, *node, key, -kAny, kAny) : 1;
}

double ConfigMap::fraction(std::string_view key) {
  const Node* node = value_at(key);
  return node ? number_from(*reading_, *node, key, 0, 1) : 1;
}

std::string ConfigMap::choice(std::string_view key, const std::vector<std::string>& allowed) {
  const Node* node = value_at(key);
  if (!node) return allowed.front();
  const std::optional<std::string> word = scalar_text(*reading_, *node, key, "one of " + joined(allowed));
  if (!word) return allowed.front();
  if (std::find(allowed.begin(), allowed.end(), *word) == allowed.end()) {
    reading_->note(*node, fmt::format("'{}': '{}' is unknown{}; allowed: {}", key, *word, suggestion(*word, allowed),
                                      joined(allowed)));
    return allowed.front();
  }
  return *word;
}

double ConfigMap::quantity_value(std::string_view key, Dimension dimension) {
  const Node* node = value_at(key);
  if (!node) return 1;
  const std::optional<std::string> text = scalar_text(*reading_, *node, key, "a quantity with its unit");
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
  const Node* node = value_at(key);
  if (const auto found = mapping_->maps.find(key); found != mapping_->maps.end()) return {reading_, found->second};
  if (node && node->kind == NodeKind::mapping) {
    auto child = reading_->mapping(mapping_->entry(key)->value);
    mapping_->maps.emplace(key, child);
    return {reading_, child};
  }
  if (node) problem(key, fmt::format("'{}': a mapping is wanted, and {} stands here", key, in_words(node->kind)));
  // What is asked of this child has been reported as missing already: it collects problems that nobody reads.
  auto absent = std::make_shared<Node>(mapping_->value_or_itself(key));
  absent->entries.clear();
  auto child = std::make_shared<Mapping>();
  child->node = std::move(absent);
  return {std::make_shared<Reading>(), child};
}

std::vector<ConfigMap> ConfigMap::maps(std::string_view key) {
  std::vector<ConfigMap> children;
  for (const NodePointer& item : items_at(key)) {
    if (item->kind == NodeKind::mapping) {
      children.push_back({reading_, reading_->mapping(item)});
    } else {
      reading_->note(*item, fmt::format("'{}': a mapping is wanted, and {} stands here", key, in_words(item->kind)));
    }
  }
  return children;
}

std::vector<std::string> ConfigMap::texts(std::string_view key) {
  std::vector<std::string> values;
  for (const NodePointer& item : items_at(key)) {
    if (auto value = scalar_text(*reading_, *item, key, "a text")) values.push_back(*value);
  }
  return values;
}

std::vector<std::int64_t> ConfigMap::counts(std::string_view key) {
  std::vector<std::int64_t> values;
  for (const NodePointer& item : items_at(key)) {
    values.push_back(integer_from(*reading_, *item, key, 1));
  }
  return values;
}

std::vector<double> ConfigMap::numbers(std::string_view key) {
  constexpr double kAny = std::numeric_limits<double>::max();
  std::vector<double> values;
  for (const NodePointer& item : items_at(key)) {
    values.push_back(number_from(*reading_, *item, key, -kAny, kAny));
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
  return has(key) && mapping_->entry(key)->value->kind == NodeKind::list;
}

std::vector<std::string> ConfigMap::keys() const {
  std::vector<std::string> names;
  for (const Node::Entry& entry : mapping_->node->entries) {
    if (entry.key->kind == NodeKind::scalar && mapping_->entry(entry.key->text) == &entry)
      names.push_back(entry.key->text);
  }
  for (const std::string& name : names) mapping_->ask(name);
  std::sort(names.begin(), names.end());
  return names;
}

ConfigFile::ConfigFile(const Document& document) : reading_(std::make_shared<Reading>()) {
  reading_->path = document.source->name;
  reading_->root = reading_->mapping(document.root);
}

ConfigFile ConfigFile::read(const std::filesystem::path& path) { return ConfigFile(document_from_file(path)); }

ConfigFile ConfigFile::from_text(std::string_view yaml, std::string name) {
  return ConfigFile(document_from_text(yaml, std::move(name)));
}

ConfigMap ConfigFile::root() const { return {reading_, reading_->root}; }

const std::filesystem::path& ConfigFile::path() const { return reading_->path; }

void ConfigFile::finish() {
  reading_->note_missing_keys(*reading_->root);
  std::vector<std::shared_ptr<Mapping>> visited;
  visited.swap(reading_->visited);
  for (const auto& mapping : visited) reading_->note_unknown_keys(*mapping);
  if (!reading_->problems.empty()) throw ConfigError(reading_->problems);
}

}  // namespace mobasim
