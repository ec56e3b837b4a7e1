// Whole numbers as people write them in configs: 32768, 32Ki, 15e12.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mobasim {

// Either a value or, in words, what is wrong and what would be right.
struct ParsedInteger {
  std::optional<std::int64_t> value;
  std::string problem;
};

// Never throws. Refused with a reason: 010 (octal in YAML 1.1), 32K (1000 or 1024?), 1.5, words.
[[nodiscard]] ParsedInteger parsed_integer(std::string_view text);

}  // namespace mobasim
