// YAML text as nodes. yaml.cpp is the only file that includes yaml-cpp.
#pragma once

#include <memory>
#include <string_view>

#include "sim/base/document.h"

namespace mobasim {

// The root of the one document of a text, nullptr where there is none (an empty text, comments alone). Nodes of a file
// carry line and column. An alias (*x) is the node that it names, at that node's place. Throws ConfigError at the place
// when the text is no YAML or several documents, or names a node inside of itself.
[[nodiscard]] NodePointer node_from_yaml(std::string_view yaml, const std::shared_ptr<const Source>& source);

}  // namespace mobasim
