// An attention problem as the kernels see it: shapes and layouts, nothing else. Every backend (the float64 reference,
// the CPU kernels, later CUDA) takes the same Problem and the same tensors.
//
// Layouts, row-major, last index fastest:
//   q, o, d_o, dq  [tokens, heads, head_dim]
//   k, v, dk, dv   [tokens, kv_heads, head_dim]
//   lse            [tokens, heads]        natural logarithm of the sum of exponentials of the scaled scores
//   picks          [tokens, heads, top_k - 1]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mobasim::kernels {

enum class Mechanism { full, moba, sliding_window };
[[nodiscard]] std::string name(Mechanism mechanism);

struct Problem {
  Mechanism mechanism = Mechanism::full;
  // Sequence i holds the tokens cu_seqlens[i] .. cu_seqlens[i+1] - 1; sequences never see each other and may be empty.
  std::vector<std::int64_t> cu_seqlens = {0};
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;  // query head h reads key head h / (heads / kv_heads)
  std::int64_t head_dim = 64;
  std::int64_t block = 0;   // moba: keys in a block; blocks begin anew at each sequence, the last may be shorter
  std::int64_t top_k = 0;   // moba: blocks attended, the own block included
  std::int64_t window = 0;  // sliding_window: keys attended, the own included
};

// Rules of a Problem, in words; empty when it is sound.
[[nodiscard]] std::vector<std::string> violations(const Problem& problem);

// Throw ConfigError when the problem or the size of a tensor (in elements) is wrong.
void check_inputs(const Problem& problem, std::size_t q, std::size_t k, std::size_t v);
void check_backward(const Problem& problem, std::size_t d_o, std::size_t o, std::size_t lse, std::size_t picks);

[[nodiscard]] inline std::int64_t tokens(const Problem& p) { return p.cu_seqlens.back(); }
[[nodiscard]] inline std::int64_t sequences(const Problem& p) {
  return static_cast<std::int64_t>(p.cu_seqlens.size()) - 1;
}
[[nodiscard]] inline std::int64_t query_size(const Problem& p) { return tokens(p) * p.heads * p.head_dim; }
[[nodiscard]] inline std::int64_t key_size(const Problem& p) { return tokens(p) * p.kv_heads * p.head_dim; }
[[nodiscard]] inline std::int64_t kv_head_of(const Problem& p, std::int64_t head) {
  return head / (p.heads / p.kv_heads);
}
// ceil(length / block)
[[nodiscard]] inline std::int64_t blocks_of(const Problem& p, std::int64_t length) {
  return (length + p.block - 1) / p.block;
}
// head_dim^-0.5
[[nodiscard]] double scale_of(const Problem& problem);
// True when MoBA has something to choose in a sequence of this length: top_k = 1 is the own block alone, and
// top_k >= blocks is full causal attention; neither computes a gate.
[[nodiscard]] bool routes(const Problem& problem, std::int64_t length);
// Past blocks that the gate may pick for a query: top_k - 1, and 0 for other mechanisms.
[[nodiscard]] std::int64_t slots_of(const Problem& problem);

// The tensors that go in. T is float for kernels, double for the reference.
template <class T>
struct Inputs {
  std::span<const T> q, k, v;
  std::span<const T> d_o;  // gradient of the loss by o; may be empty where only the forward pass runs
};

// What the gate chose, block numbers in ascending order within a (token, head), then -1. Full attention (also MoBA
// with top_k >= blocks) and top_k = 1 choose nothing: all -1.
struct Selection {
  std::vector<std::int32_t> picks;  // [tokens, heads, slots_of(problem)]
};

// What the forward pass gives, and what the backward pass needs of it.
template <class T>
struct Forward {
  std::vector<T> o;
  std::vector<double>
      lse;  // float64 everywhere: in f32 the rounding of an lse of 70 alone is 4 u (docs/method/kernels.md)
  Selection selection;
};

template <class T>
struct Gradients {
  std::vector<T> dq, dk, dv;
};

// What a backend computed, in float64 for comparison. Gradients are empty where d_o was.
struct Computed {
  Forward<double> forward;
  Gradients<double> gradients;
};

// How the CUDA kernels go about it; what comes out is the same. The other backends have no such choices.
struct KernelOptions {
  int chunk_tokens = 0;        // queries of a chunk; 0: as many as is usual
  bool deterministic = false;  // the same bits whatever the order of the threads
};

}  // namespace mobasim::kernels
