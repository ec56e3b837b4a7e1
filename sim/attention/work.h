// The contract of an attention mechanism: how much work one layer of it is, in closed form.
//
// Each mechanism is a plain struct in a file of its own with
//   std::string_view name(const M&)                                "full"
//   std::vector<std::string> violations(const M&)                  rules of its parameters, in words
//   AttentionCount count(const M&, std::int64_t sequence)          exact, per query head, one sequence
// and stands in the list of attention.h. Everything else (FLOPs, bytes) follows from the count, in attention.cpp.
#pragma once

#include <cstdint>

#include "sim/base/units.h"

namespace mobasim {

// Exact work of one query head over one sequence of S tokens (docs/method.md, "Attention").
struct AttentionCount {
  std::int64_t pairs = 0;       // (query, key) pairs attended
  std::int64_t gate_pairs = 0;  // (query, mean key) products of the gate; 0 when nothing has to be chosen
  std::int64_t picks = 0;       // (query, past block) picks that are routed
  std::int64_t blocks = 0;      // mean keys pooled; 0 without a gate
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
// forward work (one recomputed product). Source: kernels of FlashAttention-2 (arXiv 2307.08691) and docs/method.md.
struct AttentionWork {
  Flops forward;            // pairs and gate
  Flops backward;           // useful (= model) FLOPs
  Flops backward_hardware;  // with the recomputed product
  Flops gate;               // the part of forward that is the gate
  Bytes forward_bytes;      // least traffic: each input read once, each output written once
  Bytes backward_bytes;
};

}  // namespace mobasim
