#include "sim/base/integer_text.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

#include "sim/base/text.h"

namespace mobasim {
namespace {

constexpr double kLargestExactInteger = 9007199254740992.0;  // 2^53

ParsedInteger refused(std::string_view text, std::string_view why) {
  return {std::nullopt, fmt::format("'{}' {}", text, why)};
}

}  // namespace

ParsedInteger parsed_integer(std::string_view text) {
  std::string_view digits = text;
  double factor = 1;
  struct Suffix {
    std::string_view symbol;
    double factor;
  };
  for (const Suffix suffix : {Suffix{"Ki", 1024.0}, {"Mi", 1048576.0}, {"Gi", 1073741824.0}}) {
    if (digits.ends_with(suffix.symbol)) {
      digits.remove_suffix(2);
      factor = suffix.factor;
      break;
    }
  }
  if (digits.size() > 1 && digits[0] == '0' && std::isdigit(static_cast<unsigned char>(digits[1]))) {
    return refused(text, "has a leading zero, which YAML reads as octal: write it without");
  }
  const std::optional<double> number = finite_number(digits);
  if (!number && digits.size() > 1 && std::string_view("kKmMgGbBtT").find(digits.back()) != std::string_view::npos &&
      finite_number(digits.substr(0, digits.size() - 1))) {
    return refused(text, "is ambiguous: write 32Ki for 32 x 1024, or 32e3 for 32 x 1000");
  }
  if (!number) return refused(text, "is no whole number");
  const double value = *number * factor;
  if (value != std::floor(value)) return refused(text, "is no whole number");
  if (std::abs(value) > kLargestExactInteger) return refused(text, "is too large to be counted exactly");
  return {static_cast<std::int64_t>(value), ""};
}

}  // namespace mobasim
