// Small things about words and numbers in messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobasim {

// The shortest decimal text that reads back to the same double.
[[nodiscard]] std::string shortest(double value);
// `text` as a finite double, all of it; nothing otherwise (no nan, inf, hex, or trailing characters).
[[nodiscard]] std::optional<double> finite_number(std::string_view text);
// The candidate closest to `word` (edit distance), if any is close enough to be a likely slip.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);
// As a JSON string, quotes included (RFC 8259, section 7); a double-quoted YAML scalar reads the same.
[[nodiscard]] std::string json_text(std::string_view text);
// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");
// " (did you mean 'x'?)" or "" - completes a message about an unknown word.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mobasim
