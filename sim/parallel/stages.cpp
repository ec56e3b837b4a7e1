#include "sim/parallel/stages.h"

#include <algorithm>

namespace mobasim {

LayerSplit layer_split(std::int64_t layers, std::int64_t chunks) {
  if (layers % chunks == 0) return LayerSplit::even;
  return (layers + 2) % chunks == 0 ? LayerSplit::embedding_and_head_as_layers : LayerSplit::uneven;
}

// Slots are layers, and with embedding_and_head_as_layers the embedding before them and the head after.
ChunkSplit::ChunkSplit(std::int64_t layers, std::int64_t chunks) : layers_(layers), chunks_(chunks) {
  embedding_ = layer_split(layers, chunks) == LayerSplit::embedding_and_head_as_layers ? 1 : 0;
  const std::int64_t slots = layers + 2 * embedding_;
  each_ = slots / chunks;
  rest_ = slots % chunks;
}

std::int64_t ChunkSplit::layers_before(std::int64_t index) const {
  return std::clamp<std::int64_t>(each_ * index + std::min(index, rest_) - embedding_, 0, layers_);
}

Chunk ChunkSplit::at(std::int64_t index) const {
  Chunk chunk;
  chunk.embedding = index == 0;
  chunk.head = index == chunks_ - 1;
  chunk.first_layer = layers_before(index);
  chunk.layers = layers_before(index + 1) - chunk.first_layer;
  return chunk;
}

}  // namespace mobasim
