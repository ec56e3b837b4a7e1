// The rules of a model in parts, so that the reader can say which part of a file breaks one.
#pragma once

#include <string>
#include <vector>

#include "sim/model/model_shape.h"

namespace mobasim {

[[nodiscard]] std::vector<std::string> violations_of_group(const LayerGroup& group);
// What concerns no group alone.
[[nodiscard]] std::vector<std::string> violations_of_whole(const ModelShape& model);
// The total parameter count in floating point: of any shape, however absurd.
[[nodiscard]] double approximate_parameters(const ModelShape& model);

}  // namespace mobasim
