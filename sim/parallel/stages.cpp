#include "sim/parallel/stages.h"

#include <algorithm>

namespace mobasim {

LayerSplit layer_split(std::int64_t layers, std::int64_t chunks) {
  if (layers % chunks == 0) return LayerSplit::even;
  return (layers + 2) % chunks == 0 ? LayerSplit::embedding_and_head_as_layers : LayerSplit::uneven;
}

Chunk chunk_at(std::int64_t layers, std::int64_t chunks, std::int64_t index) {
  const bool counted = layer_split(layers, chunks) == LayerSplit::embedding_and_head_as_layers;
  const std::int64_t all = counted ? layers + 2 : layers;  // slots: with embedding and head, where they count
  const auto slots_before = [&](std::int64_t i) { return all / chunks * i + std::min(i, all % chunks); };
  const auto layers_before = [&](std::int64_t i) {
    return std::clamp<std::int64_t>(slots_before(i) - (counted ? 1 : 0), 0, layers);
  };
  Chunk chunk;
  chunk.embedding = index == 0;
  chunk.head = index == chunks - 1;
  chunk.first_layer = layers_before(index);
  chunk.layers = layers_before(index + 1) - chunk.first_layer;
  return chunk;
}

std::vector<Chunk> chunks_of(std::int64_t layers, std::int64_t chunks) {
  std::vector<Chunk> found;
  for (std::int64_t i = 0; i < chunks; ++i) found.push_back(chunk_at(layers, chunks, i));
  return found;
}

}  // namespace mobasim
