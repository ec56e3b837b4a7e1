#include "sim/base/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/text.h"

namespace mobasim::config_detail {

const Node::Entry* Mapping::entry(std::string_view key) const {
  for (const Node::Entry& entry : node->entries) {
    if (entry.key->kind == NodeKind::scalar && entry.key->text == key) return &entry;
  }
  return nullptr;
}

const Node& Mapping::value_or_itself(std::string_view key) const {
  const Node::Entry* found = entry(key);
  return found == nullptr ? *node : *found->value;
}

bool Mapping::is_empty_document() const { return node->source->is_file && node->line == 0 && node->entries.empty(); }

void Mapping::ask(std::string_view key) {
  if (std::find(asked.begin(), asked.end(), key) == asked.end()) asked.emplace_back(key);
}

void Reading::note(const Node& node, std::string what) { problems.push_back({where(node), std::move(what)}); }

std::shared_ptr<Mapping> Reading::mapping(NodePointer node) {
  auto made = std::make_shared<Mapping>();
  made->node = std::move(node);
  for (const Node::Entry& entry : made->node->entries) {
    const Node& key = *entry.key;
    if (key.kind != NodeKind::scalar) {
      note(key, "a key must be a word");
    } else if (key.text == "<<") {
      note(key, "merge keys (<<) are not read; write the keys out");
      made->ask(key.text);
    } else if (const Node::Entry* first = made->entry(key.text); first != &entry) {
      const std::string before = first->key->line > 0 ? fmt::format(" (first on line {})", first->key->line) : "";
      note(key, fmt::format("the key '{}' stands twice{}", key.text, before));
    }
  }
  visited.push_back(made);
  return made;
}

void Reading::note_missing(Mapping& mapping, std::string_view key, std::string_view remedy) {
  if (mapping.is_empty_document()) {
    mapping.missing.emplace_back(key);
  } else {
    note(*mapping.node, fmt::format("the key '{}' is missing{}", key, remedy));
  }
}

void Reading::note_missing_keys(Mapping& mapping) {
  if (mapping.missing.empty()) return;
  note(*mapping.node, "this file is empty; these keys are missing: " + joined(mapping.missing));
  mapping.missing.clear();
}

void Reading::note_unknown_keys(const Mapping& mapping) {
  std::vector<std::string> allowed = mapping.asked;
  std::sort(allowed.begin(), allowed.end());
  for (const Node::Entry& entry : mapping.node->entries) {
    const std::string& key = entry.key->text;
    if (mapping.entry(key) != &entry || std::binary_search(allowed.begin(), allowed.end(), key)) continue;
    note(*entry.key,
         fmt::format("unknown key '{}'{}; allowed here: {}", key, suggestion(key, allowed), joined(allowed)));
  }
}

}  // namespace mobasim::config_detail
