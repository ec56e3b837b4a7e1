#include "sim/base/units_text.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "sim/base/text.h"

namespace mobasim {
namespace {

struct Unit {
  std::string_view symbol;
  Dimension dimension;
  double factor;
  bool takes_prefix;
};

constexpr std::array kUnits = {
    Unit{"FLOP", {1, 0, 0, 0}, 1, true},   Unit{"FLOPs", {1, 0, 0, 0}, 1, true},  Unit{"B", {0, 1, 0, 0}, 1, true},
    Unit{"ns", {0, 0, 1, 0}, 1e-9, false}, Unit{"us", {0, 0, 1, 0}, 1e-6, false}, Unit{"ms", {0, 0, 1, 0}, 1e-3, false},
    Unit{"s", {0, 0, 1, 0}, 1, false},     Unit{"min", {0, 0, 1, 0}, 60, false},  Unit{"h", {0, 0, 1, 0}, 3600, false},
    Unit{"d", {0, 0, 1, 0}, 86400, false}, Unit{"$", {0, 0, 0, 1}, 1, false},
};

struct Prefix {
  std::string_view symbol;
  double factor;
};
constexpr std::array kPrefixes = {
    Prefix{"Ki", 1024.0}, Prefix{"Mi", 1048576.0}, Prefix{"Gi", 1073741824.0}, Prefix{"Ti", 1099511627776.0},
    Prefix{"k", 1e3},     Prefix{"M", 1e6},        Prefix{"G", 1e9},           Prefix{"T", 1e12},
    Prefix{"P", 1e15},    Prefix{"E", 1e18},
};

struct Measure {
  Dimension dimension;
  double factor;
};

std::optional<Measure> simple_unit(std::string_view symbol) {
  for (const Unit& unit : kUnits) {
    if (unit.symbol == symbol) return Measure{unit.dimension, unit.factor};
    if (!unit.takes_prefix || !symbol.ends_with(unit.symbol)) continue;
    const std::string_view head = symbol.substr(0, symbol.size() - unit.symbol.size());
    for (const Prefix& prefix : kPrefixes) {
      const bool binary = prefix.symbol.size() == 2;
      if (prefix.symbol == head && (!binary || unit.dimension.byte == 1)) {
        return Measure{unit.dimension, unit.factor * prefix.factor};
      }
    }
  }
  return std::nullopt;
}

// "X" or "X/Y".
std::optional<Measure> unit(std::string_view symbol) {
  const std::size_t slash = symbol.find('/');
  if (slash == std::string_view::npos) return simple_unit(symbol);
  const std::optional<Measure> above = simple_unit(symbol.substr(0, slash));
  const std::optional<Measure> below = simple_unit(symbol.substr(slash + 1));
  if (!above || !below) return std::nullopt;
  const Dimension &a = above->dimension, &b = below->dimension;
  return Measure{{a.flop - b.flop, a.byte - b.byte, a.second - b.second, a.dollar - b.dollar},
                 above->factor / below->factor};
}

std::string_view example(Dimension wanted) {
  struct Example {
    Dimension dimension;
    std::string_view text;
  };
  constexpr std::array kExamples = {
      Example{{1, 0, 0, 0}, "6.4 TFLOP"}, Example{{0, 1, 0, 0}, "80 GB"},        Example{{0, 0, 1, 0}, "1.5 s"},
      Example{{0, 0, 0, 1}, "100 $"},     Example{{1, 0, -1, 0}, "989 TFLOP/s"}, Example{{0, 1, -1, 0}, "3.35 TB/s"},
      Example{{0, 0, -1, 1}, "2.50 $/h"},
  };
  for (const Example& candidate : kExamples) {
    if (candidate.dimension == wanted) return candidate.text;
  }
  return "a number and its unit";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

ParsedQuantity parsed_quantity(std::string_view text, Dimension wanted) {
  text = trimmed(text);
  const auto refused = [&](std::string_view why) {
    return ParsedQuantity{std::nullopt, fmt::format("'{}': {}; write it like '{}'", text, why, example(wanted))};
  };
  // The number ends where the unit starts: at the space, or at the first letter or $ that is no exponent.
  std::size_t end = text.find_first_not_of("+-0123456789.eE");
  if (end == std::string_view::npos) end = text.size();
  // In "5EB" the E belongs to the unit.
  while (end > 0 && (text[end - 1] == 'e' || text[end - 1] == 'E')) --end;
  const std::optional<double> number = finite_number(text.substr(0, end));
  const std::string_view symbol = trimmed(text.substr(end));
  if (!number) return refused("no finite number before the unit");
  if (symbol.empty()) return refused("the unit is missing");
  const std::optional<Measure> measure = unit(symbol);
  if (!measure) return refused(fmt::format("'{}' is no known unit", symbol));
  if (!(measure->dimension == wanted)) return refused(fmt::format("'{}' measures something else", symbol));
  return {*number * measure->factor, ""};
}

}  // namespace mobasim
