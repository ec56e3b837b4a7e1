#include "sim/model/model_shape.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/model/violations.h"

namespace mobasim {

namespace {

constexpr double kMostParameters = 1e18;  // below it, counts are exact in 64 bits

using Words = std::vector<std::string>;

void require_at_least(Words& found, std::int64_t least, std::string_view what, std::int64_t value) {
  if (value >= least) return;
  found.push_back(std::string(what) + " is " + std::to_string(value) + "; it must be at least " +
                  std::to_string(least));
}

void add_violations_of_experts(Words& found, const Experts& experts) {
  require_at_least(found, 1, "experts", experts.experts);
  require_at_least(found, 1, "active", experts.active);
  require_at_least(found, 1, "ffn of an expert", experts.ffn);
  require_at_least(found, 0, "shared_ffn", experts.shared_ffn);
  if (experts.active > experts.experts) {
    found.push_back("active is " + std::to_string(experts.active) + ", but there are only " +
                    std::to_string(experts.experts) + " experts");
  }
}

}  // namespace

Words violations_of_group(const LayerGroup& group) {
  Words found;
  require_at_least(found, 1, "layers", group.layers);
  require_at_least(found, 1, "heads", group.heads);
  require_at_least(found, 1, "kv_heads", group.kv_heads);
  require_at_least(found, 1, "head_dim", group.head_dim);
  if (group.heads >= 1 && group.kv_heads >= 1 && group.heads % group.kv_heads != 0) {
    found.push_back("heads is " + std::to_string(group.heads) + ", which is no multiple of kv_heads, " +
                    std::to_string(group.kv_heads));
  }
  if (group.experts && group.ffn != 0) found.push_back("ffn and experts exclude each other: a layer has one of them");
  if (group.experts) {
    add_violations_of_experts(found, *group.experts);
  } else {
    require_at_least(found, 1, "ffn", group.ffn);
  }
  for (std::string& words : violations(group.attention)) found.push_back("attention: " + std::move(words));
  return found;
}

Words violations_of_whole(const ModelShape& model) {
  Words found;
  require_at_least(found, 1, "hidden", model.hidden);
  require_at_least(found, 1, "vocab", model.vocab);
  require_at_least(found, 0, "positions", model.positions);
  if (model.qk_norm_over_heads && !model.qk_norm)
    found.push_back("qk_norm_over_heads is true and qk_norm is not: it says how wide that norm is");
  if (model.groups.empty()) found.push_back("there are no groups of layers");
  if (!(model.published_rounding >= 0 && model.published_rounding < 1)) {
    found.push_back("published rounding is " + shortest(model.published_rounding) +
                    "; it is relative, from 0 (exact) to below 1");
  }
  if (model.published_parameters && !(*model.published_parameters > 0)) {
    found.push_back("published parameters is " + shortest(*model.published_parameters) + "; it must be above 0");
  }
  const Words countable = {"total", "non_embedding"};
  if (model.published_parameters && std::ranges::count(countable, model.published_counts) == 0) {
    found.push_back("published counts is '" + model.published_counts + "'; it is one of " + joined(countable));
  }
  const double count = approximate_parameters(model);
  if (count > kMostParameters) {
    found.push_back("the model has " + shortest(count) + " parameters; at most " + shortest(kMostParameters) +
                    " can be counted");
  }
  return found;
}

Words violations(const ModelShape& model) {
  Words found = violations_of_whole(model);
  for (std::size_t i = 0; i < model.groups.size(); ++i) {
    const std::string which = model.groups.size() == 1 ? "" : "groups[" + std::to_string(i) + "]: ";
    for (std::string& words : violations_of_group(model.groups[i])) found.push_back(which + std::move(words));
  }
  return found;
}

std::int64_t layers(const ModelShape& model) {
  std::int64_t sum = 0;
  for (const LayerGroup& group : model.groups) sum += group.layers;
  return sum;
}

std::string_view not_modelled(const ModelShape& model) {
  const bool experts =
      std::ranges::any_of(model.groups, [](const LayerGroup& group) { return group.experts.has_value(); });
  return experts ? kExpertsNotModelled : "";
}

double non_embedding_of_6nd(const ModelShape& model) {
  if (model.published_parameters && model.published_counts == "non_embedding") return *model.published_parameters;
  return static_cast<double>(parameters(model).active_non_embedding);
}

std::string attention_description(const ModelShape& model) {
  std::vector<std::pair<std::int64_t, std::string>> runs;  // layers in a row with the same attention
  for (const LayerGroup& group : model.groups) {
    const std::string one = description(group.attention);
    if (runs.empty() || runs.back().second != one) runs.emplace_back(0, one);
    runs.back().first += group.layers;
  }
  if (runs.size() == 1) return runs[0].second;
  Words parts;
  for (const auto& [count, one] : runs) parts.push_back(std::to_string(count) + " x " + one);
  return joined(parts, " + ");
}

ModelShape with_attention(ModelShape model, const Attention& attention) {
  for (LayerGroup& group : model.groups) group.attention = attention;
  return model;
}

ModelShape with_attention_segments(ModelShape model, const std::vector<AttentionSegment>& segments) {
  std::int64_t named = 0;
  for (const AttentionSegment& segment : segments) named += segment.layers;
  if (named != layers(model)) {
    throw ConfigError("'attention' names " + std::to_string(named) + " layers, and " + model.name + " has " +
                      std::to_string(layers(model)));
  }
  std::vector<LayerGroup> groups;
  auto group = model.groups.begin();
  std::int64_t used = 0;  // layers of *group
  for (const AttentionSegment& segment : segments) {
    for (std::int64_t left = segment.layers; left > 0;) {
      const std::int64_t taken = std::min(left, group->layers - used);
      groups.push_back(*group);
      groups.back().layers = taken;
      groups.back().attention = segment.attention;
      left -= taken;
      used += taken;
      if (used == group->layers) ++group, used = 0;
    }
  }
  model.groups = std::move(groups);
  return model;
}

}  // namespace mobasim
