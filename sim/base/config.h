// The one reader of documents. It never throws while reading: each accessor notes what is wrong and returns a harmless
// value; finish() then throws ONE ConfigError with every problem, each with file:line:column (or who set the value),
// what is allowed and the nearest name. A key that nobody asked for is a problem too.
//
//   ConfigFile file = ConfigFile::read("device.yaml");
//   ConfigMap root = file.root();
//   Device device;
//   device.name = root.text("name");
//   device.memory = root.quantity<Bytes>("memory");
//   if (auto link = root.optional_map("link")) { ... }
//   file.finish();
//
// Traps of YAML handled here: duplicate keys, `010` read as octal, .nan and .inf, missing keys without a position, `<<`
// ignored, `1e3` refused as an integer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/document.h"
#include "sim/base/error.h"
#include "sim/base/units.h"
#include "sim/base/units_text.h"

namespace mobasim {

namespace config_detail {
struct Reading;  // a document that is read, and the problems found so far
struct Mapping;  // a mapping of it, and what was asked for
}  // namespace config_detail

// A YAML mapping. Cheap to copy; valid as long as its ConfigFile.
class ConfigMap {
 public:
  [[nodiscard]] bool has(std::string_view key) const;        // counts as asking for the key
  [[nodiscard]] Location where() const;                      // of the mapping
  [[nodiscard]] Location where(std::string_view key) const;  // of the key's value, or of the mapping without it
  [[nodiscard]] bool was_set(std::string_view key) const;    // whether the key's value was set, and is no file's
  // The folder that a relative path at the key starts from: the file's; the working folder ("") where it was set.
  [[nodiscard]] std::filesystem::path folder(std::string_view key) const;

  // Required values.
  std::string text(std::string_view key);
  bool flag(std::string_view key);                  // true or false, nothing else
  std::int64_t count(std::string_view key);         // an integer >= 1: 32768, 32Ki, 15e12; not 32K (ambiguous)
  std::int64_t whole_number(std::string_view key);  // an integer >= 0
  double number(std::string_view key);              // finite
  double fraction(std::string_view key);            // in 0..1
  std::string choice(std::string_view key, const std::vector<std::string>& allowed);
  template <class Q>
  Q quantity(std::string_view key) {  // > 0 or 0, of Q's dimension
    return Q(quantity_value(key, dimension_of(Q{})));
  }
  ConfigMap map(std::string_view key);
  std::vector<ConfigMap> maps(std::string_view key);       // a list of mappings, at least one
  std::vector<std::string> texts(std::string_view key);    // a list of scalars, at least one; a scalar is a list of one
  std::vector<std::int64_t> counts(std::string_view key);  // likewise
  std::vector<double> numbers(std::string_view key);       // likewise

  // Values that may be left out.
  std::optional<std::string> optional_text(std::string_view key);
  std::optional<ConfigMap> optional_map(std::string_view key);
  template <class Q>
  std::optional<Q> optional_quantity(std::string_view key) {
    if (!has(key)) return std::nullopt;
    return quantity<Q>(key);
  }
  std::string text_or(std::string_view key, std::string otherwise);
  bool flag_or(std::string_view key, bool otherwise);
  std::int64_t count_or(std::string_view key, std::int64_t otherwise);
  double number_or(std::string_view key, double otherwise);
  double fraction_or(std::string_view key, double otherwise);
  std::string choice_or(std::string_view key, const std::vector<std::string>& allowed, std::string otherwise);
  bool is_list(std::string_view key) const;  // whether a list stands at the key

  // All keys of this mapping, sorted, where the keys are data themselves (dtypes, mechanisms); counts as asking for
  // them.
  [[nodiscard]] std::vector<std::string> keys() const;

  // Notes a problem found by the caller, at the key's value (or at the mapping, if the key is empty or absent).
  void problem(std::string_view key, std::string what);
  // Notes that the key is missing; `remedy` completes the message: ": name one here or with --device".
  void missing(std::string_view key, std::string_view remedy = "");
  // Notes each text of a pure violations(x) function at the mapping.
  void problems(const std::vector<std::string>& violations);

 private:
  friend class ConfigFile;
  ConfigMap(std::shared_ptr<config_detail::Reading> reading, std::shared_ptr<config_detail::Mapping> mapping);
  const Node* value_at(std::string_view key);
  std::vector<NodePointer> items_at(std::string_view key);
  double quantity_value(std::string_view key, Dimension dimension);
  std::shared_ptr<config_detail::Reading> reading_;
  std::shared_ptr<config_detail::Mapping> mapping_;
};

// A document that is being read, as a rule from a file.
class ConfigFile {
 public:
  explicit ConfigFile(const Document& document);
  static ConfigFile read(const std::filesystem::path& path);  // throws as document_from_file does
  static ConfigFile from_text(std::string_view yaml, std::string name);
  [[nodiscard]] ConfigMap root() const;
  [[nodiscard]] const std::filesystem::path& path() const;
  // Throws one ConfigError with all problems, or returns when there are none. Of a document in which nothing stands,
  // the keys that are missing are one problem.
  void finish();

 private:
  std::shared_ptr<config_detail::Reading> reading_;
};

}  // namespace mobasim
