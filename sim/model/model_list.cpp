#include "sim/model/model_list.h"

#include <algorithm>

#include "sim/base/text.h"
#include "sim/model/model_shape.h"

namespace mobasim {
namespace {

// The first group's value where all groups agree; otherwise nothing.
Cell common(const ModelShape& model, std::int64_t LayerGroup::*value) {
  const std::int64_t first = model.groups.front().*value;
  const bool agree = std::all_of(model.groups.begin(), model.groups.end(),
                                 [&](const LayerGroup& group) { return group.*value == first; });
  return agree ? Cell(first) : Cell();
}

std::vector<Cell> row_of_model(const std::filesystem::path& file) {
  const ModelShape model = model_from(file);
  const ParameterCount count = parameters(model);
  return {model.name,
          count.total,
          count.active,
          count.non_embedding,
          layers(model),
          model.hidden,
          common(model, &LayerGroup::heads),
          common(model, &LayerGroup::kv_heads),
          common(model, &LayerGroup::head_dim),
          attention_description(model),
          joined(model.assumed, " "),
          model.source};
}

}  // namespace

Table model_list(const FileList& files) {
  return table_of_files(files,
                        {"name", "parameters", "active_parameters", "non_embedding_parameters", "layers", "hidden",
                         "heads", "kv_heads", "head_dim", "attention", "assumed", "source"},
                        row_of_model);
}

}  // namespace mobasim
