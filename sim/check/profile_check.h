// A device's measured table held against itself: every shape and layer, what the rest of the table foretells of it, and
// whether that is as near as is asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/table.h"
#include "sim/check/leave_one_out.h"

namespace mobasim {

struct ProfileCheck {
  std::vector<ShapeLeftOut> shapes;  // attention and gemms
  std::vector<ShapeLeftOut> layers;
};
// Throws ConfigError where the device has no measured rows to leave out.
[[nodiscard]] ProfileCheck profile_check(const Device& device);

// A row for each shape and layer.
[[nodiscard]] Table check_table(const ProfileCheck& check);
// |error| by operation, mechanism, pass and format, inner shapes and those at an end apart.
[[nodiscard]] Table check_summary(const ProfileCheck& check);

// The most that an |error| may be, as fractions; those that are not there ask for nothing.
struct CheckGoals {
  std::optional<double> median, p90;  // of the inner shapes
  std::optional<double> layer;        // greatest of the layers, both passes together
};
struct CheckOutcome {
  bool good = true;  // every goal is met, and nothing is missing that it would be about
  std::vector<std::string> notes;
};
[[nodiscard]] CheckOutcome check_outcome(const ProfileCheck& check, const CheckGoals& goals);

}  // namespace mobasim
