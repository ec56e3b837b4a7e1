#include "sim/measured/conventions.h"

#include <array>
#include <cctype>

#include "sim/measured/row_words.h"
#include "sim/model/layer_matrices.h"

namespace mobasim {
namespace {

struct Convention {
  FlopConvention which;
  std::string_view name, description;
};

constexpr std::array<Convention, kFlopConventions> kConventions = {{
    {FlopConvention::hardware_recompute, "hardware_recompute",
     "all layers computed again, full attention matrix: 96Bslh^2(1 + s/6h + V/16lh)"},
    {FlopConvention::hardware_layers, "hardware_layers", "all layers computed again, their products only: 96Bslh^2"},
    {FlopConvention::hardware_causal, "hardware_causal", "what the run computes, causal half of the attention matrix"},
    {FlopConvention::model_full, "model_full", "nothing computed again, full attention matrix"},
    {FlopConvention::model_causal, "model_causal", "nothing computed again, causal half of the attention matrix"},
    {FlopConvention::parameters_and_attention, "parameters_and_attention",
     "6N per token and the full attention matrix, N all parameters"},
    {FlopConvention::six_n, "six_n", "6N per token, N all parameters"},
    {FlopConvention::six_n_without_embedding, "six_n_without_embedding", "6N per token, N without the embedding"},
}};

// Of one sequence's forward pass.
struct ForwardFlops {
  double layers = 0, attention = 0, head = 0;
};

ForwardFlops forward_flops(const ModelShape& model, double s) {
  ForwardFlops sum;
  for (const LayerGroup& group : model.groups) {
    const double l = static_cast<double>(group.layers);
    const double q = static_cast<double>(group.heads) * static_cast<double>(group.head_dim);
    sum.layers += 2 * s * l * active_matrix_values(model, group);
    sum.attention += 4 * s * s * l * q;
  }
  sum.head = 2 * s * static_cast<double>(model.hidden) * static_cast<double>(model.vocab);
  return sum;
}

double hardware_causal(const ForwardFlops& forward, Recompute recompute) {
  const double again_layers = recompute == Recompute::full ? 1 : 0,
               again_attention = recompute == Recompute::none ? 0 : 1;
  return (3 + again_layers) * forward.layers + (3 + again_attention) * forward.attention / 2 + 3 * forward.head;
}

double flops_of_sequence(FlopConvention convention, const ModelShape& model, std::int64_t sequence,
                         Recompute recompute) {
  const double s = static_cast<double>(sequence);
  const ForwardFlops forward = forward_flops(model, s);
  switch (convention) {
    case FlopConvention::hardware_recompute:
      return 4 * (forward.layers + forward.attention) + 3 * forward.head;
    case FlopConvention::hardware_layers:
      return 4 * forward.layers;
    case FlopConvention::hardware_causal:
      return hardware_causal(forward, recompute);
    case FlopConvention::model_full:
      return 3 * (forward.layers + forward.attention + forward.head);
    case FlopConvention::model_causal:
      return 3 * (forward.layers + forward.attention / 2 + forward.head);
    case FlopConvention::parameters_and_attention:
      return 6 * s * static_cast<double>(parameters(model).total) + 3 * forward.attention;
    case FlopConvention::six_n:
      return 6 * s * static_cast<double>(parameters(model).total);
    case FlopConvention::six_n_without_embedding:
      return 6 * s * static_cast<double>(parameters(model).non_embedding);
  }
  return 0;
}

// "before 02-21" in a text, and a date that comes earlier.
bool is_before_named_date(std::string_view text, std::string_view date) {
  constexpr std::string_view kBefore = "before ";
  constexpr std::size_t kDate = 5;  // MM-DD
  const std::size_t at = text.find(kBefore);
  if (at == std::string_view::npos || date.size() < kDate || date[2] != '-') return false;
  const std::string_view named = text.substr(at + kBefore.size(), kDate);
  return named.size() == kDate && named[2] == '-' && date.substr(0, kDate) < named;
}

}  // namespace

std::string_view name(FlopConvention convention) { return kConventions[static_cast<std::size_t>(convention)].name; }

std::string_view description(FlopConvention convention) {
  return kConventions[static_cast<std::size_t>(convention)].description;
}

const std::vector<FlopConvention>& flop_conventions() {
  static const std::vector<FlopConvention> all = [] {
    std::vector<FlopConvention> found;
    for (const Convention& one : kConventions) found.push_back(one.which);
    return found;
  }();
  return all;
}

std::optional<FlopConvention> convention_of(std::string_view text, std::string_view framework, std::string_view date) {
  const std::string words = lower_case(text), maker = lower_case(framework);
  for (const Convention& one : kConventions) {
    if (words == one.name) return one.which;
  }
  if (words.find('?') != std::string::npos) return std::nullopt;
  if (contains_any(words, {"eq.3", "eq. 3", "eq 3", "equation 3", "96bs"})) return FlopConvention::hardware_recompute;
  if (contains_any(words, {"hardware"})) {
    if (contains_any(words, {"causal", "halved"})) return FlopConvention::hardware_causal;
    if (!contains_any(words, {"x4", "recompute"})) return std::nullopt;
    return is_before_named_date(words, date) ? FlopConvention::hardware_layers : FlopConvention::hardware_recompute;
  }
  if (contains_any(words, {"6nd", "6 n d", "6*n"})) {
    return contains_any(words, {"non-embedding", "non embedding", "without embedding", "no embedding"})
               ? FlopConvention::six_n_without_embedding
               : FlopConvention::six_n;
  }
  if (contains_any(words, {"palm", "6n+12", "6n + 12"})) return FlopConvention::parameters_and_attention;
  if (contains_any(words, {"causal", "halved"})) return FlopConvention::model_causal;
  if (contains_any(words, {"full attention", "full s^2", "full matrix", "full-matrix"})) {
    const bool counts_parameters = contains_any(maker, {"composer", "foundry", "mosaic"});
    return counts_parameters ? FlopConvention::parameters_and_attention : FlopConvention::model_full;
  }
  if (contains_any(words, {"megatron-bridge counter"})) return FlopConvention::model_causal;
  return std::nullopt;
}

double flops_of_step(FlopConvention convention, const ModelShape& model, const Workload& workload,
                     Recompute recompute) {
  return flops_of_sequence(convention, model, workload.sequence, recompute) *
         static_cast<double>(workload.global_batch);
}

double stated_rate(FlopConvention convention, const ModelShape& model, const Workload& workload, Recompute recompute,
                   double devices, double seconds) {
  return flops_of_step(convention, model, workload, recompute) / (devices * seconds);
}

double time_from_rate(FlopConvention convention, const ModelShape& model, const Workload& workload,
                      Recompute recompute, double devices, double flops_per_second) {
  return flops_of_step(convention, model, workload, recompute) / (devices * flops_per_second);
}

}  // namespace mobasim
