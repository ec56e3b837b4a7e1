#include "sim/parallel/stages.h"

namespace mobasim {

LayerSplit layer_split(std::int64_t layers, std::int64_t chunks) {
  if (layers % chunks == 0) return LayerSplit::even;
  return (layers + 2) % chunks == 0 ? LayerSplit::embedding_and_head_as_layers : LayerSplit::uneven;
}

std::vector<Chunk> chunks_of(std::int64_t layers, std::int64_t chunks) {
  const LayerSplit split = layer_split(layers, chunks);
  std::vector<Chunk> found(static_cast<std::size_t>(chunks));
  const std::int64_t counted = split == LayerSplit::embedding_and_head_as_layers ? layers + 2 : layers;
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < chunks; ++i) {
    Chunk& chunk = found[static_cast<std::size_t>(i)];
    chunk.embedding = i == 0;
    chunk.head = i == chunks - 1;
    chunk.layers = counted / chunks + (i < counted % chunks ? 1 : 0);
    if (split == LayerSplit::embedding_and_head_as_layers) {
      chunk.layers -= (chunk.embedding ? 1 : 0) + (chunk.head ? 1 : 0);
    }
    chunk.first_layer = first;
    first += chunk.layers;
  }
  return found;
}

}  // namespace mobasim
