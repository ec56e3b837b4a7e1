#include <fmt/format.h>

#include <cmath>

#include "cli/fit/sections.h"
#include "fit/report/words.h"

namespace mobasim::cli {
namespace {

constexpr double kNearData = 1000;  // times the data, either way: where a ratio of 1 is still worth a word

// Where the ratio crosses 1, if that is near the data.
std::string crossing_words(const PairedLaw& law, const Interval& range) {
  const double crossing = std::pow(law.r, 1 / law.s);  // r C^-s = 1
  if (!(crossing >= range.lo / kNearData && crossing <= range.hi * kNearData)) {
    return fmt::format("Within {} times the data the ratio does not cross 1.", number(kNearData));
  }
  const std::string where = crossing < range.lo   ? times(range.lo / crossing) + " times below the data"
                            : crossing > range.hi ? reach(crossing / range.hi)
                                                  : "inside the data";
  return fmt::format("With the best r and s the ratio is 1 at C = {} ({}).", number(crossing), where);
}

// " (moba)" of "attention=moba,full" for the first arm.
std::string side(const std::string& pair, bool first) {
  if (pair.empty()) return "";
  const std::size_t equals = pair.find('='), comma = pair.find(',', equals);
  return " (" + (first ? pair.substr(equals + 1, comma - equals - 1) : pair.substr(comma + 1)) + ")";
}

double half_width(const Interval& range) { return (range.hi - range.lo) / 2; }

}  // namespace

std::string gap_words(const FitReport& report, const GroupFit& group) {
  const auto* law = std::get_if<PairedLaw>(&group.estimate.fit.law);
  if (law == nullptr) return "";
  const Interval s = group.estimate.intervals[1];
  const double end = group.estimate.fit.range[0].hi;
  const double ratio = predicted(group.estimate.fit, std::vector<double>{end});
  std::string words = fmt::format("At the end of the data L_A{} is {} times L_B{}; ", side(report.pair, true),
                                  number(ratio), side(report.pair, false));
  if (!determines(s)) {
    words += "whether the gap closes is undecided, because no interval of s is determined. ";
  } else if (s.lo <= 0 && s.hi >= 0) {
    words += fmt::format("whether the gap closes is undecided: the interval of s, {}, contains 0. ", interval(s));
  } else {
    // A falling ratio closes the gap where A's loss is the higher one, and widens it where it is the lower one.
    const bool closes = (s.lo > 0) == (ratio > 1);
    words += fmt::format("the gap {} with compute: s is {}, its interval {} does not contain 0. ",
                         closes ? "closes" : "widens", number(law->s), interval(s));
  }
  return words + crossing_words(*law, group.estimate.fit.range[0]);
}

std::string pairing_words(const GroupFit& group) {
  if (!group.unpaired || group.estimate.intervals.size() < 2) return "";
  const Interval paired = group.estimate.intervals[1], apart = group.unpaired->interval;
  if (!determines(paired) || !determines(apart)) return "";
  return fmt::format("Paired, s is known to +-{}; two separate fits would tell it to +-{} (95%).",
                     number(half_width(paired), 2), number(half_width(apart), 2));
}

Section pairing_section(const GroupFit& group) {
  Section section{"What pairing is worth", {}};
  PageTable table{"", {{"exponent of L_A / L_B", false}, {"value"}, {"95% interval", false}}, {}};
  table.rows.push_back(
      {"s, of the pairs", number(parameters(group.estimate.fit.law)[1]), interval(group.estimate.intervals[1])});
  table.rows.push_back({fmt::format("difference of two separate p2 fits, t with {} degrees of freedom",
                                    number(group.unpaired->degrees_of_freedom)),
                        number(group.unpaired->s), interval(group.unpaired->interval)});
  section.blocks.emplace_back(std::move(table));
  if (const std::string words = pairing_words(group); !words.empty()) section.blocks.emplace_back(Paragraph{words});
  return section;
}

}  // namespace mobasim::cli
