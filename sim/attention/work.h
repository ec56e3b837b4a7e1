// The contract of an attention mechanism: how much work one layer of it is, in closed form.
//
// Each mechanism is a plain struct in a file of its own with
//   std::string_view name(const M&)                                "full"
//   std::vector<std::string> violations(const M&)                  rules of its parameters, in words
//   std::vector<AttentionParameter> parameters(M&)                 its parameters: read from YAML, shown to the user
//   AttentionCount count(const M&, std::int64_t sequence)          exact, per query head, one sequence
// and stands in the list of attention.h. Everything else (FLOPs, bytes) follows from the count, in attention.cpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/base/units.h"

namespace mobasim {

// One parameter of a mechanism (a count, at least 1): the word for it in YAML and in tables, and its place.
struct AttentionParameter {
  std::string_view name;
  std::int64_t* value;
};

// The longest sequence whose counts are exact; count() of a longer one is our own bug.
inline constexpr std::int64_t kLongestSequence = 1'000'000'000;

// Exact work of one query head over one sequence of S tokens (docs/method/attention.md). An empty sequence has none.
struct AttentionCount {
  std::int64_t pairs = 0;       // (query, key) pairs attended
  std::int64_t gate_pairs = 0;  // (query, mean key) products of the gate; 0 when nothing has to be chosen
  std::int64_t picks = 0;       // (query, past block) picks that are routed; 0 without a gate
  std::int64_t blocks = 0;      // mean keys pooled, ceil(S / B); 0 without a gate
  bool operator==(const AttentionCount&) const = default;
};

// One attention layer of a microbatch on one device.
struct AttentionShape {
  std::int64_t sequence = 0;
  std::int64_t batch = 1;  // sequences
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;
  std::int64_t head_dim = 1;
};

// FLOPs: 4 d per pair forward, 2 d per gate product (forward only); backward useful 2x and hardware 2.5x the pairs'
// forward work (one recomputed product). Source: FlashAttention-2 (Dao 2023, arXiv 2307.08691, sections 2.3 and 4.1)
// and docs/method/attention.md. Bytes: each input read once, each output written once (A11).
struct AttentionWork {
  Flops forward;            // pairs and gate
  Flops backward;           // useful (= model) FLOPs
  Flops backward_hardware;  // with the recomputed product
  Flops gate;               // the part of forward that is the gate
  Bytes forward_bytes;      // least traffic: each input read once, each output written once
  Bytes backward_bytes;
};

}  // namespace mobasim
