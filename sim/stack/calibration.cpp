#include "sim/stack/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "sim/base/config.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

StackEvidence evidence_from(ConfigMap map) {
  StackEvidence evidence;
  evidence.rows = map.count("rows");
  evidence.sources = map.texts("sources");
  evidence.device_names = map.texts("device_names");
  evidence.spread = map.number("spread");
  evidence.width = map.number("width");
  if (!(evidence.width > 0)) map.problem("width", "width must be above 0");
  evidence.bias = map.number("bias");
  const auto range = [&](std::string_view key, std::int64_t& lo, std::int64_t& hi) {
    const std::vector<std::int64_t> ends = map.counts(key);
    if (ends.size() != 2 || ends[0] > ends[1]) {
      map.problem(key, fmt::format("'{}' must be a range: [least, most]", key));
      return;
    }
    lo = ends[0];
    hi = ends[1];
  };
  range("sequence", evidence.sequence_lo, evidence.sequence_hi);
  range("devices", evidence.devices_lo, evidence.devices_hi);
  return evidence;
}

void read_entry(ConfigMap map, Stack& stack) {
  for (std::size_t i = 0; i < kStackConstants; ++i) {
    const double factor = map.number(stack_constant_names()[i]);
    if (!(factor > 0)) map.problem(stack_constant_names()[i], "a factor must be above 0");
    stack.constants.factor[i] = factor;
  }
  stack.evidence = evidence_from(map);
}

// What `mobasim calibrate` wrote, without the entries of other stacks. Empty lines stand in their place, so that what
// is left keeps its lines. A text that it did not write is returned as it is.
std::string without_other_entries(std::string_view text, std::string_view stack) {
  if (!text.starts_with(kCalibrationHead)) return std::string(text);
  std::string left;
  bool other = false;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find('\n', from), text.size() - 1) + 1;
    const std::string_view line = text.substr(from, to - from);
    if (line.starts_with(kCalibrationEntry)) {
      std::string_view name = line.substr(kCalibrationEntry.size());
      name.remove_suffix(name.ends_with('\n'));
      other = name != stack;
    } else if (!line.starts_with("    ")) {
      other = false;
    }
    left += other ? "\n" : line;
    from = to;
  }
  return left;
}

}  // namespace

void calibrate(std::vector<Stack>& stacks, const std::filesystem::path& calibration) {
  ConfigFile file = ConfigFile::read(calibration);
  ConfigMap root = file.root();
  (void)root.text("source");
  for (ConfigMap map : root.maps("stacks")) {
    const std::string named = map.text("name");
    const auto found =
        std::find_if(stacks.begin(), stacks.end(), [&](const Stack& stack) { return stack.name == named; });
    if (found == stacks.end() && !named.empty()) {
      std::vector<std::string> names;
      for (const Stack& one : stacks) names.push_back(one.name);
      map.problem("name", fmt::format("no stack '{}'{}", named, suggestion(named, names)));
    }
    Stack ignored;
    read_entry(map, found == stacks.end() ? ignored : *found);
  }
  file.finish();
}

void calibrate(Stack& stack, const std::filesystem::path& calibration) {
  const std::string text = text_of_file(calibration);
  const std::string own = without_other_entries(text, stack.name);
  ConfigFile file = ConfigFile::from_text(own, calibration.string());
  ConfigMap root = file.root();
  (void)root.text("source");
  const bool has_entries = own == text || root.is_list("stacks");
  if (has_entries) {
    for (ConfigMap map : root.maps("stacks")) {
      Stack ignored;
      read_entry(map, map.text("name") == stack.name ? stack : ignored);
    }
  }
  file.finish();
}

}  // namespace mobasim
