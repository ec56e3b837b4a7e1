#include "sim/base/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sim/base/file.h"
#include "sim/base/yaml.h"

namespace mobasim {
namespace {

// The keys of a path, in their order. Throws ConfigError at `place` for an empty one.
std::vector<std::string> keys_of(const std::string& path, const Location& place) {
  std::vector<std::string> keys;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find('.', from), path.size());
    keys.push_back(path.substr(from, to - from));
    from = to + 1;
  }
  for (const std::string& key : keys) {
    if (key.empty()) {
      throw ConfigError(place,
                        fmt::format("'{}' is no path: keys joined by dots are wanted, as in layout.tensor", path));
    }
    if (const std::size_t bracket = key.find('['); bracket != std::string::npos) {
      throw ConfigError(place,
                        fmt::format("'{}': items of a list are written '{}.0' and on", path, key.substr(0, bracket)));
    }
  }
  return keys;
}

bool is_index(const std::string& key) { return key.find_first_not_of("0123456789") == std::string::npos; }

// Puts one value into a tree: along its path every node is copied, and all others are shared.
class Setting {
 public:
  explicit Setting(const Override& wanted)
      : source_(std::make_shared<const Source>(Source{wanted.who, false})),
        keys_(keys_of(wanted.path, {wanted.who})),
        value_(value_of(wanted)) {}

  [[nodiscard]] NodePointer applied(const NodePointer& root) const { return with_value(root, 0); }

 private:
  [[nodiscard]] NodePointer value_of(const Override& wanted) const {
    if (wanted.is_text) return scalar(wanted.value);
    const NodePointer value = node_from_yaml(wanted.value, source_);
    return value == nullptr ? made(NodeKind::nothing) : value;
  }

  [[nodiscard]] std::shared_ptr<Node> made(NodeKind kind) const {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->source = source_;
    return node;
  }

  [[nodiscard]] NodePointer scalar(const std::string& text) const {
    auto node = made(NodeKind::scalar);
    node->text = text;
    return node;
  }

  // `node` with the value at the keys from number `depth` on. nullptr: there is no node yet.
  [[nodiscard]] NodePointer with_value(const NodePointer& node, std::size_t depth) const {
    if (depth == keys_.size()) return value_;
    if (node == nullptr || node->kind == NodeKind::nothing) return with_entry(new_mapping(depth), depth);
    if (node->kind == NodeKind::mapping) return with_entry(std::make_shared<Node>(*node), depth);
    if (node->kind == NodeKind::list) return with_item(std::make_shared<Node>(*node), depth);
    throw refused(fmt::format("'{}' is {}: nothing can be set below it", walked(depth), in_words(node->kind)));
  }

  [[nodiscard]] std::shared_ptr<Node> new_mapping(std::size_t depth) const {
    if (is_index(keys_[depth])) {
      throw refused(
          fmt::format("there is no list '{0}' to set an item of: set it whole, as in {0}=[...]", walked(depth)));
    }
    return made(NodeKind::mapping);
  }

  [[nodiscard]] NodePointer with_entry(std::shared_ptr<Node> mapping, std::size_t depth) const {
    const auto found = std::find_if(mapping->entries.begin(), mapping->entries.end(), [&](const Node::Entry& entry) {
      return entry.key->kind == NodeKind::scalar && entry.key->text == keys_[depth];
    });
    if (found == mapping->entries.end()) {
      mapping->entries.push_back({scalar(keys_[depth]), with_value(nullptr, depth + 1)});
    } else {
      found->value = with_value(found->value, depth + 1);
    }
    return mapping;
  }

  [[nodiscard]] NodePointer with_item(std::shared_ptr<Node> list, std::size_t depth) const {
    const std::string& key = keys_[depth];
    const std::size_t size = list->items.size();
    if (!is_index(key)) {
      throw refused(
          fmt::format("'{0}' is a list, and '{1}' no index of it: its items are '{0}.0' and on", walked(depth), key));
    }
    const std::size_t index = key.size() > 9 ? size : std::stoul(key);  // so many digits are beyond every list
    if (index >= size) {
      const std::string items = size == 1 ? "1 item" : fmt::format("{} items", size);
      throw refused(fmt::format("'{}' has {}, counted from 0: there is none at {}", walked(depth), items, key));
    }
    list->items[index] = with_value(list->items[index], depth + 1);
    return list;
  }

  // The path down to a node: the keys before number `depth`.
  [[nodiscard]] std::string walked(std::size_t depth) const {
    return fmt::format("{}", fmt::join(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(depth), "."));
  }

  [[nodiscard]] ConfigError refused(std::string what) const { return {Location{source_->name}, std::move(what)}; }

  std::shared_ptr<const Source> source_;
  std::vector<std::string> keys_;
  NodePointer value_;
};

}  // namespace

std::string_view in_words(NodeKind kind) {
  switch (kind) {
    case NodeKind::nothing:
      return "nothing";
    case NodeKind::scalar:
      return "a value";
    case NodeKind::list:
      return "a list";
    case NodeKind::mapping:
      return "a mapping";
  }
  return "";
}

Location where(const Node& node) { return {node.source->name, node.line, node.column}; }

std::filesystem::path folder(const Node& node) {
  return node.source->is_file ? std::filesystem::path(node.source->name).parent_path() : std::filesystem::path();
}

Document document_from_file(const std::filesystem::path& file) {
  return document_from_text(text_of_file(file), file.string());
}

Document document_from_text(std::string_view yaml, std::string name) {
  Document document;
  document.source = std::make_shared<const Source>(Source{std::move(name), true});
  document.root = node_from_yaml(yaml, document.source);
  if (document.root == nullptr || document.root->kind == NodeKind::nothing) {
    Node empty;
    empty.kind = NodeKind::mapping;
    empty.source = document.source;
    document.root = std::make_shared<const Node>(std::move(empty));
  }
  if (document.root->kind != NodeKind::mapping) {
    throw ConfigError(where(*document.root), fmt::format("a YAML mapping (key: value) is wanted, and {} stands here",
                                                         in_words(document.root->kind)));
  }
  return document;
}

void set(Document& document, const Override& wanted) { document.root = Setting(wanted).applied(document.root); }

}  // namespace mobasim
