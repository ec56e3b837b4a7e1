// The routing stages on the executor: from a problem and its tensors to mean keys and picks.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cuda/block_table.h"
#include "kernels/cuda/gate.h"
#include "kernels/cuda/pool.h"
#include "kernels/cuda/run.h"
#include "kernels/fill.h"
#include "kernels/problem.h"
#include "tests/unit/kernels/simt/fixture.h"

namespace mobasim::tests {

struct Routed {
  std::vector<double> mean_key;  // [total_blocks, kv_heads, head_dim]
  std::vector<int> picks;        // [tokens, heads, slots]
};

// `tensors` rounded to the dtype.
inline Routed routed(const kernels::Problem& problem, const kernels::Tensors& tensors, kernels::Dtype dtype) {
  using namespace kernels::cuda;
  const Shape shape = shape_of(problem, dtype);
  const std::vector<BlockKeys> table = block_table(shape);
  const std::vector<GateTile> tiles = gate_tiles(shape);
  const auto total_blocks = static_cast<int>(table.size());
  const auto width = static_cast<std::size_t>(shape.kv_heads) * static_cast<std::size_t>(shape.head_dim);
  const Device<std::uint16_t> q(packed_16(tensors.q, dtype), "q"), k(packed_16(tensors.k, dtype), "k");
  const Device<std::uint16_t> mean_key(static_cast<std::size_t>(total_blocks) * width, "mean_key");
  const Device<BlockKeys> blocks(table, "blocks");
  const Device<GateTile> gate(tiles, "tiles");
  const Device<int> picks(static_cast<std::size_t>(tokens_of(shape)) * static_cast<std::size_t>(shape.heads) *
                              static_cast<std::size_t>(slots_of(shape)),
                          "picks");
  launch_pool({k.data(), blocks.data(), mean_key.data(), tokens_of(shape), total_blocks, shape.kv_heads}, shape.element,
              shape.head_dim, nullptr);
  launch_gate({q.data(), mean_key.data(), gate.data(), picks.data(), static_cast<int>(tiles.size()), shape.heads,
               shape.kv_heads, shape.block, slots_of(shape)},
              shape.element, shape.head_dim, nullptr);
  return {unpacked_16(mean_key.values(), dtype), picks.values()};
}

}  // namespace mobasim::tests
