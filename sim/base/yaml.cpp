#include "sim/base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cstddef>
#include <sstream>
#include <utility>

namespace mobasim {
namespace {

// Builds the tree of one document from what the parser meets.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

  [[nodiscard]] NodePointer root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    put(named(node(NodeKind::nothing, mark), anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string& text) override {
    auto scalar = node(NodeKind::scalar, mark);
    scalar->text = text;
    put(named(std::move(scalar), anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (anchor >= anchors_.size() || anchors_[anchor] == nullptr) {
      throw ConfigError(where(*node(NodeKind::nothing, mark)), "an alias inside of what it names");
    }
    put(anchors_[anchor]);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({node(NodeKind::list, mark), anchor, nullptr});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({node(NodeKind::mapping, mark), anchor, nullptr});
  }
  void OnMapEnd() override { close(); }

 private:
  // A list or a mapping whose end has not come.
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    NodePointer key;  // of a mapping: the key whose value is next, or nullptr
  };

  [[nodiscard]] std::shared_ptr<Node> node(NodeKind kind, const YAML::Mark& mark) const {
    auto made = std::make_shared<Node>();
    made->kind = kind;
    made->source = source_;
    if (source_->is_file) {
      made->line = mark.line + 1;
      made->column = mark.column + 1;
    }
    return made;
  }

  // Anchors count from 1; 0 is none.
  NodePointer named(NodePointer node, YAML::anchor_t anchor) {
    if (anchor >= anchors_.size()) anchors_.resize(anchor + 1);
    if (anchor > 0) anchors_[anchor] = node;
    return node;
  }

  void put(NodePointer node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& into = open_.back();
    if (into.node->kind == NodeKind::list) {
      into.node->items.push_back(std::move(node));
    } else if (into.key == nullptr) {
      into.key = std::move(node);
    } else {
      into.node->entries.push_back({std::exchange(into.key, nullptr), std::move(node)});
    }
  }

  void close() {
    const Open closed = std::move(open_.back());
    open_.pop_back();
    put(named(closed.node, closed.anchor));
  }

  std::shared_ptr<const Source> source_;
  std::vector<Open> open_;            // from the outermost
  std::vector<NodePointer> anchors_;  // nullptr: not there yet
  NodePointer root_;
};

}  // namespace

NodePointer node_from_yaml(std::string_view yaml, const std::shared_ptr<const Source>& source) {
  NodePointer root;
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    TreeBuilder first(source), second(source);
    if (!parser.HandleNextDocument(first)) return nullptr;
    root = first.root();
    // No further: there are texts of which yaml-cpp reads documents without end.
    if (parser.HandleNextDocument(second)) {
      const std::string_view read = source->is_file ? "one a file is read" : "one is read";
      throw ConfigError(where(*second.root()), fmt::format("a second YAML document; {}", read));
    }
  } catch (const YAML::Exception& error) {
    Location place{source->name};
    if (source->is_file) {
      place.line = error.mark.line + 1;
      place.column = error.mark.column + 1;
    }
    throw ConfigError(place, "this is no YAML: " + error.msg);
  }
  return root;
}

}  // namespace mobasim
