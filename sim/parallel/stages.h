// Which layers each chunk of a pipeline holds.
//
// Chunk c (0 .. pipeline x virtual_stages - 1) is on stage c % pipeline. The first holds the embedding, the last the
// final norm, the head and the loss. Where the layers do not divide evenly, embedding and head count as a layer each if
// that divides (Llama 3, section 3.3.2: 126 layers on 16 stages; BLOOM: 70 layers on 12), else the first chunks hold
// one layer more (DeepSpeed's partition by layers). A54.
#pragma once

#include <cstdint>

namespace mobasim {

struct Chunk {
  std::int64_t first_layer = 0;
  std::int64_t layers = 0;
  bool embedding = false;
  bool head = false;
};

enum class LayerSplit { even, embedding_and_head_as_layers, uneven };
[[nodiscard]] LayerSplit layer_split(std::int64_t layers, std::int64_t chunks);

// The chunks in the order of the forward pass. Precondition: 1 <= chunks <= layers (+ 2 where embedding and head
// count). For searches: no allocation, and what has to be divided is divided once.
class ChunkSplit {
 public:
  ChunkSplit(std::int64_t layers, std::int64_t chunks);
  [[nodiscard]] Chunk at(std::int64_t index) const;

 private:
  [[nodiscard]] std::int64_t layers_before(std::int64_t index) const;
  std::int64_t layers_, chunks_, each_, rest_, embedding_;
};

}  // namespace mobasim
