// Reads configs/models/*.yaml (docs/config/models.md).
#include "sim/base/config.h"
#include "sim/model/model_shape.h"
#include "sim/model/violations.h"

namespace mobasim {

namespace {

Experts experts_from(ConfigMap map) {
  Experts experts;
  experts.experts = map.count("experts");
  experts.active = map.count("active");
  experts.ffn = map.count("ffn");
  if (map.has("shared_ffn")) experts.shared_ffn = map.whole_number("shared_ffn");
  return experts;
}

LayerGroup group_from(ConfigMap map) {
  LayerGroup group;
  group.layers = map.count("layers");
  group.heads = map.count("heads");
  group.kv_heads = map.count_or("kv_heads", group.heads);
  group.head_dim = map.count("head_dim");
  group.gated = map.flag_or("gated", group.gated);
  if (std::optional<ConfigMap> experts = map.optional_map("experts")) {
    group.experts = experts_from(*experts);
    if (map.has("ffn")) group.ffn = map.count("ffn");  // refused by the rules of a group
  } else {
    group.ffn = map.count("ffn");
  }
  if (std::optional<ConfigMap> attention = map.optional_map("attention")) group.attention = attention_from(*attention);
  return group;
}

void read_published(ConfigMap map, ModelShape& model) {
  model.published_parameters = map.number("parameters");
  model.published_rounding = map.number_or("rounding", 0);
  model.published_counts = map.choice_or("counts", {"total", "non_embedding"}, "total");
}

ModelShape whole_from(ConfigMap root) {
  ModelShape model;
  model.name = root.text("name");
  model.source = root.text("source");
  model.hidden = root.count("hidden");
  model.vocab = root.count("vocab");
  if (root.has("positions")) model.positions = root.whole_number("positions");
  model.tied_embeddings = root.flag_or("tied_embeddings", model.tied_embeddings);
  const std::string norm = root.choice_or("norm", {"rms_norm", "layer_norm"}, "rms_norm");
  model.norm = norm == "layer_norm" ? Norm::layer_norm : Norm::rms_norm;
  model.linear_bias = root.flag_or("linear_bias", model.linear_bias);
  model.qkv_bias = root.flag_or("qkv_bias", model.qkv_bias);
  model.qk_norm = root.flag_or("qk_norm", model.qk_norm);
  model.qk_norm_over_heads = root.flag_or("qk_norm_over_heads", model.qk_norm_over_heads);
  if (std::optional<ConfigMap> published = root.optional_map("published")) read_published(*published, model);
  if (root.has("assumed")) model.assumed = root.texts("assumed");
  return model;
}

}  // namespace

ModelShape model_from(const std::filesystem::path& path) {
  ConfigFile file = ConfigFile::read(path);
  ConfigMap root = file.root();
  ModelShape model = whole_from(root);
  std::vector<ConfigMap> groups = root.maps("groups");
  for (ConfigMap& group : groups) model.groups.push_back(group_from(group));
  file.finish();  // the rules below are about values that could be read
  root.problems(violations_of_whole(model));
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i].problems(violations_of_group(model.groups[i]));
  file.finish();
  return model;
}

}  // namespace mobasim
