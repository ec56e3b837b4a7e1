#include "sim/attention/attention.h"

#include <algorithm>
#include <cstddef>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {

namespace {

// The contract of work.h: a mechanism without one of the functions does not compile (it would convert to Attention and
// call this file's functions forever).
template <class M>
concept Mechanism = requires {
  static_cast<std::string_view (*)(const M&)>(&name);
  static_cast<std::vector<AttentionParameter> (*)(M&)>(&parameters);
  static_cast<std::vector<std::string> (*)(const M&)>(&violations);
  static_cast<AttentionCount (*)(const M&, std::int64_t)>(&count);
};

template <std::size_t... Index>
std::vector<Attention> every_mechanism(std::index_sequence<Index...>) {
  static_assert((Mechanism<std::variant_alternative_t<Index, Attention>> && ...));
  return {Attention(std::variant_alternative_t<Index, Attention>{})...};
}

}  // namespace

std::string_view name(const Attention& attention) {
  return std::visit([](const auto& mechanism) { return name(mechanism); }, attention);
}

std::vector<AttentionParameter> parameter_places(Attention& attention) {
  return std::visit([](auto& mechanism) { return parameters(mechanism); }, attention);
}

std::vector<std::pair<std::string, std::int64_t>> parameters(const Attention& attention) {
  Attention copy = attention;
  std::vector<std::pair<std::string, std::int64_t>> result;
  for (const AttentionParameter& parameter : parameter_places(copy)) {
    result.emplace_back(parameter.name, *parameter.value);
  }
  return result;
}

void set_parameters(Attention& attention, const std::vector<std::int64_t>& values) {
  const std::vector<AttentionParameter> places = parameter_places(attention);
  MOBASIM_ASSERT_EQUAL(places.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) *places[i].value = values[i];
}

std::string description(const Attention& attention) {
  std::string inner;
  for (const auto& [parameter, value] : parameters(attention)) {
    inner += (inner.empty() ? "" : ", ") + parameter + "=" + std::to_string(value);
  }
  return std::string(name(attention)) + (inner.empty() ? "" : "(" + inner + ")");
}

std::vector<std::string> violations(const Attention& attention) {
  return std::visit([](const auto& mechanism) { return violations(mechanism); }, attention);
}

AttentionCount count(const Attention& attention, std::int64_t sequence) {
  MOBASIM_ASSERT_EQUAL(sequence, std::clamp<std::int64_t>(sequence, 0, kLongestSequence));
  return std::visit([&](const auto& mechanism) { return count(mechanism, sequence); }, attention);
}

AttentionWork work(const Attention& attention, const AttentionShape& shape, std::int64_t dtype_bytes) {
  const AttentionCount one = count(attention, shape.sequence);
  const double query_heads = static_cast<double>(shape.batch * shape.heads);
  const double head_dim = static_cast<double>(shape.head_dim);
  // S = Q K^T and O = P V: two products of 2 d FLOPs a pair. Backward: dV, dP, dQ, dK; in hardware S once more.
  const Flops product(2 * head_dim * static_cast<double>(one.pairs) * query_heads);
  AttentionWork result;
  result.gate = Flops(2 * head_dim * static_cast<double>(one.gate_pairs) * query_heads);  // A10
  result.forward = 2 * product + result.gate;
  result.backward = 4 * product;
  result.backward_hardware = 5 * product;

  // A11: q o do dq are [batch, heads, sequence, head_dim], k v dk dv [batch, kv_heads, sequence, head_dim],
  // lse f32 [batch, heads, sequence], mean keys [batch, kv_heads, blocks, head_dim] written and read once.
  const double rows = static_cast<double>(shape.batch * shape.sequence);
  const double element = static_cast<double>(dtype_bytes);
  const Bytes of_queries(rows * static_cast<double>(shape.heads) * head_dim * element);
  const Bytes of_keys(rows * static_cast<double>(shape.kv_heads) * head_dim * element);
  const Bytes of_lse(rows * static_cast<double>(shape.heads) * 4);
  const Bytes of_mean_keys(static_cast<double>(shape.batch * shape.kv_heads * one.blocks) * head_dim * element);
  result.forward_bytes = 2 * of_queries + 2 * of_keys + of_lse + 2 * of_mean_keys;  // q o, k v
  result.backward_bytes = 4 * of_queries + 4 * of_keys + of_lse;                    // q o do dq, k v dk dv
  return result;
}

bool is_full_at(const Attention& attention, std::int64_t sequence) {
  return count(attention, sequence).pairs == count(FullAttention{}, sequence).pairs;
}

const std::vector<Attention>& attention_mechanisms() {
  static const std::vector<Attention> list =
      every_mechanism(std::make_index_sequence<std::variant_size_v<Attention>>{});
  return list;
}

const std::vector<std::string>& attention_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Attention& mechanism : attention_mechanisms()) result.emplace_back(name(mechanism));
    return result;
  }();
  return names;
}

Attention attention_from(ConfigMap map) {
  const std::string wanted = map.text("mechanism");
  for (Attention mechanism : attention_mechanisms()) {
    if (name(mechanism) != wanted) continue;
    for (const AttentionParameter& parameter : parameter_places(mechanism)) {
      *parameter.value = map.count(parameter.name);
    }
    map.problems(violations(mechanism));
    return mechanism;
  }
  if (!wanted.empty()) {  // else it is noted already
    map.problem("mechanism", "'mechanism': '" + wanted + "' is unknown" + suggestion(wanted, attention_names()) +
                                 "; allowed: " + joined(attention_names()));
  }
  // Do not blame the parameters of the mechanism that was meant.
  for (Attention mechanism : attention_mechanisms()) {
    for (const AttentionParameter& parameter : parameter_places(mechanism)) (void)map.has(parameter.name);
  }
  return FullAttention{};
}

}  // namespace mobasim
