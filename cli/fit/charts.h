// The charts of the report about one group: what the law leaves unexplained, and where it leads.
#pragma once

#include "cli/fit/report.h"
#include "cli/page/page.h"

namespace mobasim::cli {

// Residuals in percent against compute (of two inputs: parameters times tokens). `id_prefix` is unique in the page.
[[nodiscard]] PageChart residual_chart(const FitReport& report, const GroupFit& group, const std::string& id_prefix);
// Points, law and 95% bands up to the farthest target, at least 3 times the data. Of two inputs the law along
// best_split(); where there is none, a paragraph that says why.
[[nodiscard]] Block projection_chart(const FitReport& report, const GroupFit& group, const std::string& id_prefix);

}  // namespace mobasim::cli
