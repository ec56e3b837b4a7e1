// The routing stages on the executor: from a problem and its tensors to mean keys and picks.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cuda/block_table.h"
#include "kernels/cuda/gate.h"
#include "kernels/cuda/pool.h"
#include "kernels/fill.h"
#include "kernels/problem.h"
#include "kernels/simt/numbers.h"
#include "tests/unit/simt/fixture.h"

namespace mobasim::tests {

inline kernels::cuda::Shape shape_of(const kernels::Problem& problem, kernels::Dtype dtype) {
  kernels::cuda::Shape shape;
  shape.moba = problem.mechanism == kernels::Mechanism::moba;
  shape.element = dtype == kernels::Dtype::bf16 ? kernels::cuda::Element::bf16 : kernels::cuda::Element::fp16;
  shape.cu_seqlens.assign(problem.cu_seqlens.begin(), problem.cu_seqlens.end());
  shape.heads = static_cast<int>(problem.heads);
  shape.kv_heads = static_cast<int>(problem.kv_heads);
  shape.head_dim = static_cast<int>(problem.head_dim);
  shape.block = static_cast<int>(problem.block);
  shape.top_k = static_cast<int>(problem.top_k);
  return shape;
}

inline std::vector<std::uint16_t> narrowed(std::span<const float> values, kernels::Dtype dtype) {
  std::vector<std::uint16_t> bits;
  for (const float value : values) {
    bits.push_back(static_cast<std::uint16_t>(dtype == kernels::Dtype::bf16 ? kernels::simt::bf16_bits(value)
                                                                            : kernels::simt::fp16_bits(value)));
  }
  return bits;
}

struct Routed {
  std::vector<double> mean_key;  // [total_blocks, kv_heads, head_dim]
  std::vector<int> picks;        // [tokens, heads, slots]
};

// `tensors` rounded to the dtype.
inline Routed routed(const kernels::Problem& problem, const kernels::Tensors& tensors, kernels::Dtype dtype) {
  using namespace kernels::cuda;
  const Shape shape = shape_of(problem, dtype);
  const BlockTable table = block_table(shape);
  const std::vector<GateTile> tiles = gate_tiles(shape);
  const auto total_blocks = static_cast<int>(table.blocks.size());
  const auto width = static_cast<std::size_t>(shape.kv_heads) * static_cast<std::size_t>(shape.head_dim);
  const Device<std::uint16_t> q(narrowed(tensors.q, dtype), "q"), k(narrowed(tensors.k, dtype), "k");
  const Device<std::uint16_t> mean_key(static_cast<std::size_t>(total_blocks) * width, "mean_key");
  const Device<BlockKeys> blocks(table.blocks, "blocks");
  const Device<GateTile> gate(tiles, "tiles");
  const Device<int> picks(static_cast<std::size_t>(tokens_of(shape)) * static_cast<std::size_t>(shape.heads) *
                              static_cast<std::size_t>(slots_of(shape)),
                          "picks");
  launch_pool({k.data(), blocks.data(), mean_key.data(), tokens_of(shape), total_blocks, shape.kv_heads}, shape.element,
              shape.head_dim, nullptr);
  launch_gate({q.data(), mean_key.data(), gate.data(), picks.data(), static_cast<int>(tiles.size()), shape.heads,
               shape.kv_heads, shape.block, slots_of(shape)},
              shape.element, shape.head_dim, nullptr);
  Routed out;
  for (const std::uint16_t bits : mean_key.values()) {
    out.mean_key.push_back(static_cast<double>(dtype == kernels::Dtype::bf16 ? kernels::simt::bf16_value(bits)
                                                                             : kernels::simt::fp16_value(bits)));
  }
  out.picks = picks.values();
  return out;
}

}  // namespace mobasim::tests
