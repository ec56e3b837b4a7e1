#include "sim/parallel/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"

namespace mobasim {

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names{"gpipe", "1f1b", "interleaved", "zero_bubble_h1"};
  return names;
}

const std::vector<std::string>& context_names() {
  static const std::vector<std::string> names{"all_gather", "ring", "ulysses"};
  return names;
}

std::string_view name(PipelineSchedule schedule) { return schedule_names()[static_cast<std::size_t>(schedule)]; }
std::string_view name(ContextAlgorithm algorithm) { return context_names()[static_cast<std::size_t>(algorithm)]; }

PipelineSchedule schedule_named(std::string_view text) {
  const auto& names = schedule_names();
  return static_cast<PipelineSchedule>(std::find(names.begin(), names.end(), text) - names.begin());
}

ContextAlgorithm context_named(std::string_view text) {
  const auto& names = context_names();
  return static_cast<ContextAlgorithm>(std::find(names.begin(), names.end(), text) - names.begin());
}

std::string description(const Layout& layout) {
  std::vector<std::string> parts;
  const auto put = [&](std::int64_t size, const std::string& what) {
    if (size > 1) parts.push_back(what);
  };
  put(layout.tensor, fmt::format("tensor {}{}", layout.tensor, layout.sequence_parallel ? " with sequence" : ""));
  put(layout.context, fmt::format("context {} ({})", layout.context, name(layout.context_algorithm)));
  const std::string chunks = layout.virtual_stages > 1 ? fmt::format(", {} chunks", layout.virtual_stages) : "";
  put(layout.pipeline, fmt::format("pipeline {} ({}{})", layout.pipeline, name(layout.schedule), chunks));
  put(layout.data, fmt::format("data {}", layout.data));
  put(layout.zero_stage + 1, fmt::format("zero_stage {}", layout.zero_stage));
  return parts.empty() ? "one device" : joined(parts);
}

}  // namespace mobasim
