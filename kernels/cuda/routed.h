// Attention of routed queries over the blocks that they picked, block by block: for each work item the queries are
// gathered, and a partial result (partial.h) of each is written, which launch_causal merges.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct RoutedParameters {
  const void *q, *k, *v;    // [tokens, heads or kv_heads, head_dim]
  const int* entries;       // [entry_count]: (token - chunk_begin) << kSlotBits | slot
  const WorkItem* items;    // [most_items], of which the first *item_count are there
  const int* item_count;    // [1]
  const BlockKeys* blocks;  // [total_blocks]; the items' blocks are all `block` keys long
  void* partials;           // out [heads, chunk_tokens, slots, head_dim], columns permuted as partial.h tells
  float* partial_lse;       // out [heads, chunk_tokens, slots]
  int most_items, entry_count, total_blocks;
  int tokens, heads, kv_heads;
  int block;  // a multiple of 64
  int slots, chunk_begin, chunk_tokens;
};

inline namespace MOBASIM_TARGET {

// Writes partials and partial_lse of the (token, head, slot) that have an entry, and no others.
void launch_routed(Element element, int head_dim, const RoutedParameters& parameters, Stream stream);

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
