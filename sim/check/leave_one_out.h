// How well a device's table interpolates: every shape of it, predicted from the other rows by the very functions that a
// plan uses (docs/method/step.md, "Checking a profile").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/device/device.h"

namespace mobasim {

// One measured shape without all its rows. A forward and a backward pass are shapes of their own.
struct ShapeLeftOut {
  // The shape. The time is the geometric mean where rows of one shape disagree, of the undisturbed ones if there are
  // any.
  ProfileRow row;
  bool predicted = true;  // else the other rows say nothing of it, and what follows is empty
  Seconds prediction;
  // extrapolated: no other row lies on this shape's far side; never measured, since its rows are left out
  Basis basis = Basis::interpolated;
  std::string note;
};
// Whether two rows measure one shape: operation, kernel, pass, format and every size.
[[nodiscard]] bool same_shape(const ProfileRow& a, const ProfileRow& b);
// prediction / measured - 1
[[nodiscard]] double error_of(const ShapeLeftOut& one);

// The rows of attention and of gemms, in the order of the table. Without three other rows a gemm is not
// predicted: the device's efficiency may come from the very row that is left out.
[[nodiscard]] std::vector<ShapeLeftOut> shapes_left_out(const Device& device);

// |error| over the shapes of one operation, mechanism, pass and dtype; those at an end of what was measured are apart.
// What was not predicted, and what a disturbed machine measured, does not count.
struct InterpolationErrors {
  std::string operation, mechanism, pass, dtype;
  bool inner = true;
  std::int64_t shapes = 0;
  double median = 0, p90 = 0;
};
// In the order in which they first appear, inner ones first.
[[nodiscard]] std::vector<InterpolationErrors> interpolation_errors(const std::vector<ShapeLeftOut>& all);
// Over all inner shapes of the table; 0 shapes where there are none.
[[nodiscard]] InterpolationErrors inner_errors(const std::vector<ShapeLeftOut>& all);

}  // namespace mobasim
