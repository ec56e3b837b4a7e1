// The shape of a transformer language model, and its exact parameter counts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/attention/attention.h"

namespace mobasim {

enum class Norm { rms_norm, layer_norm };  // a scale; a scale and a bias

// A mixture-of-experts feed-forward: `active` of `experts` experts for each token, and `shared` ones for all.
struct Experts {
  std::int64_t experts = 0;
  std::int64_t active = 0;
  std::int64_t ffn = 0;         // inner width of one expert
  std::int64_t shared_ffn = 0;  // summed inner width of the shared experts; 0: none
  bool operator==(const Experts&) const = default;
};

// Said of models with experts until they are modelled: by validate, which does not answer them, and by plan.
inline constexpr std::string_view kExpertsNotModelled = "mixture of experts: not modelled yet";

// Consecutive layers of one kind: a norm, attention, a norm, a feed-forward. A hybrid model has several groups, in
// order from the input.
struct LayerGroup {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t ffn = 0;  // inner width of a dense feed-forward; 0 with experts
  bool gated = true;     // three matrices (SwiGLU) instead of two
  std::optional<Experts> experts;
  Attention attention = FullAttention{};
  bool operator==(const LayerGroup&) const = default;
};

struct ModelShape {
  std::string name;
  std::string source;
  std::int64_t hidden = 0;
  std::int64_t vocab = 0;
  std::int64_t positions = 0;  // learned position embeddings; 0: none (rotary)
  bool tied_embeddings = false;
  Norm norm = Norm::rms_norm;
  bool linear_bias = false;         // every linear layer but the head has a bias
  bool qkv_bias = false;            // the query, key and value projections have one (Qwen 2)
  bool qk_norm = false;             // a norm over head_dim on queries and keys, the same for all heads (Qwen 3)
  bool qk_norm_over_heads = false;  // that norm spans all heads, with a scale for each of heads * head_dim (OLMo 2)
  std::vector<LayerGroup> groups;
  // What the source prints, and how exactly (relative rounding; 0: exact). Tests hold the counts against it.
  std::optional<double> published_parameters;
  double published_rounding = 0;
  std::string published_counts;      // "total" | "non_embedding": what the printed figure counts
  std::vector<std::string> assumed;  // keys of this shape that are assumptions, not published: {"ffn", "vocab"}
  bool operator==(const ModelShape&) const = default;
};

struct ParameterCount {
  std::int64_t total = 0;
  std::int64_t active = 0;         // those one token passes: of the experts only the active and the shared ones
  std::int64_t embedding = 0;      // token and position embeddings, and the head where it is not tied
  std::int64_t non_embedding = 0;  // total - embedding
  std::int64_t active_non_embedding = 0;
};

[[nodiscard]] std::int64_t layers(const ModelShape& model);
// Exact (docs/method/attention.md, "Parameters"), for a model without violations.
[[nodiscard]] ParameterCount parameters(const ModelShape& model);
// Of one layer of the group, all of its experts among them.
[[nodiscard]] std::int64_t layer_parameters(const ModelShape& model, const LayerGroup& group);
// What of the model is not modelled, in words; "" where all of it is. The time of such a model is a lower estimate that
// no measured run backs (A31).
[[nodiscard]] std::string_view not_modelled(const ModelShape& model);
[[nodiscard]] std::vector<std::string> violations(const ModelShape& model);
// The non-embedding N of "6 N D": the printed figure where the source prints one of non-embedding parameters, else the
// exact count of those that a token passes (for a model without experts: of all).
[[nodiscard]] double non_embedding_of_6nd(const ModelShape& model);
// Every group with `attention` in place of its own.
[[nodiscard]] ModelShape with_attention(ModelShape model, const Attention& attention);

// Consecutive layers of one attention, whatever groups they belong to.
struct AttentionSegment {
  std::int64_t layers = 0;
  Attention attention = FullAttention{};
};
// The layers, from the input on, with the attention of the segments (hybrid recipes: MoBA below, full above). A group
// that a segment ends in is split. Throws ConfigError when the segments name another number of layers than there are.
[[nodiscard]] ModelShape with_attention_segments(ModelShape model, const std::vector<AttentionSegment>& segments);

// "moba(block=512, top_k=3)", or of a hybrid "29 x moba(block=512, top_k=3) + 3 x full".
[[nodiscard]] std::string attention_description(const ModelShape& model);

[[nodiscard]] ModelShape model_from(const std::filesystem::path& file);  // throws ConfigError

}  // namespace mobasim
