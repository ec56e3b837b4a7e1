// The report of `mobasim fit --report`: all that is known of the fits and how they came about, for people. The same
// facts as one self-contained HTML page, with charts, or as plain text.
#pragma once

#include <string>

#include "fit/report/report.h"

namespace mobasim::cli {

// Both give the same bytes for the same report and files. Throw ConfigError for an input that is no longer there.
[[nodiscard]] std::string html_of(const FitReport& report);
[[nodiscard]] std::string text_of(const FitReport& report);  // 100 columns wide

}  // namespace mobasim::cli
