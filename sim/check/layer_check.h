// A layer that was measured as a whole beside what a plan makes of it from the table's other rows
// (docs/method/step.md, "Checking a profile").
#pragma once

#include <vector>

#include "sim/check/leave_one_out.h"

namespace mobasim {

// The rows of operation `layer`, in the order of the table, each with the time that StepModel gives a layer of its
// shape: gemms and attention from their rows, everything else by its bytes (stack: fused, no constants). The note
// says what the prediction is made of, or why there is none. At the end both passes of each layer together.
[[nodiscard]] std::vector<ShapeLeftOut> layers_foretold(const Device& device);
// The greatest |error| over both passes together; nothing where no layer was predicted and measured undisturbed.
[[nodiscard]] std::optional<double> greatest_layer_error(const std::vector<ShapeLeftOut>& layers);

}  // namespace mobasim
