// The sections of the report about one group, each of facts alone; conclusions() says in words what they come to.
#pragma once

#include <string>
#include <vector>

#include "cli/fit/report.h"
#include "cli/page/page.h"

namespace mobasim::cli {

// Three to six sentences: what can be concluded from this fit, and what cannot.
[[nodiscard]] std::vector<std::string> conclusions(const FitReport& report, const GroupFit& group);
// Of a paired law: whether the gap closes, and where the ratio crosses 1.
[[nodiscard]] std::string gap_words(const FitReport& report, const GroupFit& group);
// How much narrower s is known by pairs; empty for other laws, and where an interval is missing.
[[nodiscard]] std::string pairing_words(const GroupFit& group);
// "p2 and p3 differ by 11% ..."; empty where there are less than two laws.
[[nodiscard]] std::string disagreement_words(const GroupFit& group);
[[nodiscard]] std::string floor_words(const GroupFit& group);  // empty for laws without a floor
// The cluster whose absence moves the law at the reference most; empty where none is known to.
[[nodiscard]] std::string most_moving_words(const FitReport& report, const GroupFit& group);

[[nodiscard]] Section fit_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section parameter_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section pairing_section(const GroupFit& group);  // where the arms were compared without pairing too
[[nodiscard]] Section backtest_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section projection_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section target_section(const FitReport& report, const GroupFit& group);

[[nodiscard]] Section outlier_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section leave_one_out_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section alternative_section(const FitReport& report, const GroupFit& group);
[[nodiscard]] Section other_loss_section(const FitReport& report, const GroupFit& group);

}  // namespace mobasim::cli
