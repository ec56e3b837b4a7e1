#include "sim/device/attention_layer.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace mobasim {

std::string_view name(Pass pass) { return pass == Pass::forward ? "forward" : "backward"; }

Flops useful_flops(const AttentionLayer& layer) {
  const AttentionWork all = work(layer.attention, layer.shape, 2);  // bytes do not change a FLOP count
  return layer.pass == Pass::forward ? all.forward : all.backward;
}

AttentionParameters parameters_of(const Attention& attention) {
  Attention copy = attention;
  AttentionParameters result;
  for (const AttentionParameter& parameter : parameter_places(copy)) {
    if (parameter.name == "block") result.block = *parameter.value;
    if (parameter.name == "top_k") result.top_k = *parameter.value;
    if (parameter.name == "window") result.window = *parameter.value;
  }
  return result;
}

Attention attention_of_row(const ProfileRow& row) {
  for (const Attention& mechanism : attention_mechanisms()) {
    if (name(mechanism) == row.mechanism) return with_parameters(mechanism, {row.block, row.top_k, row.window});
  }
  return FullAttention{};
}

Attention with_parameters(Attention attention, const AttentionParameters& parameters) {
  for (const AttentionParameter& parameter : parameter_places(attention)) {
    if (parameter.name == "block") *parameter.value = parameters.block;
    if (parameter.name == "top_k") *parameter.value = parameters.top_k;
    if (parameter.name == "window") *parameter.value = parameters.window;
  }
  return attention;
}

double log_distance(std::int64_t a, std::int64_t b) {
  return std::abs(std::log(static_cast<double>(std::max<std::int64_t>(a, 1))) -
                  std::log(static_cast<double>(std::max<std::int64_t>(b, 1))));
}

}  // namespace mobasim
