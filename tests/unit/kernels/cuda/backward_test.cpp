#include <algorithm>

#include "kernels/backend/backend.h"
#include "kernels/cuda/key_tile.h"
#include "tests/catch.h"

namespace mobasim::tests::backward_test {
using namespace kernels;
using namespace kernels::cuda;

namespace {

Shape shape(std::vector<int> cu_seqlens, int block, int top_k, bool deterministic) {
  Shape out;
  out.moba = block > 0;
  out.cu_seqlens = std::move(cu_seqlens);
  out.block = block;
  out.top_k = top_k;
  out.deterministic = deterministic;
  return out;
}

std::vector<Shape> shapes(bool deterministic) {
  const std::vector<int> packed = {0, 0, 1, 65, 640, 640, 1400};
  return {shape(packed, 0, 0, deterministic), shape(packed, 64, 1, deterministic), shape(packed, 192, 2, deterministic),
          shape({0}, 64, 2, deterministic), shape({0, 1025}, 128, 3, deterministic)};
}

struct Sequence {
  int begin, end, first_block;  // the number of its first block among those of all sequences
};
Sequence sequence_of(const Shape& shape, int token) {
  Sequence out = {0, 0, 0};
  for (std::size_t s = 0; out.end <= token; ++s) {
    if (shape.moba) out.first_block += (out.end - out.begin + shape.block - 1) / shape.block;
    out.begin = shape.cu_seqlens[s];
    out.end = shape.cu_seqlens[s + 1];
  }
  return out;
}

// The rows that a tile's keys may get gradients from: those that see it causally and, where its block is routed to, the
// rest of the sequence.
int rows_end(const Shape& shape, const KeyTile& tile) {
  return tile.block < 0 ? tile.row_end : sequence_of(shape, tile.key_begin).end;
}

}  // namespace

TEST_CASE("Each key stands in one key tile, with the rows and the block that see it") {
  for (const Shape& shape : shapes(false)) {
    std::vector<int> tiles_of_key(static_cast<std::size_t>(tokens_of(shape)));
    for (const KeyTile& tile : key_tiles(shape)) {
      CHECK(tile.key_end - tile.key_begin <= kKeyTileKeys);
      const Sequence sequence = sequence_of(shape, tile.key_begin);
      const bool routed = routes(shape, sequence.end - sequence.begin);
      const bool own_block_only = routed || (shape.moba && shape.top_k == 1);
      for (int key = tile.key_begin; key < tile.key_end; ++key) {
        ++tiles_of_key[static_cast<std::size_t>(key)];
        const int block = own_block_only ? (key - sequence.begin) / shape.block : 0;
        const int block_end = std::min(sequence.begin + (block + 1) * shape.block, sequence.end);
        CHECK(tile.row_end == (own_block_only ? block_end : sequence.end));
        CHECK(tile.block == (routed && block_end < sequence.end ? sequence.first_block + block : -1));
      }
    }
    CHECK(std::count(tiles_of_key.begin(), tiles_of_key.end(), 1) == tokens_of(shape));
  }
}

TEST_CASE("Without determinism all key tiles are one turn") {
  for (const Shape& shape : shapes(false)) {
    const int count = static_cast<int>(key_tiles(shape).size());
    CHECK(key_turns(shape) == (count == 0 ? std::vector<int>{0} : std::vector<int>{0, count}));
  }
}

TEST_CASE("With determinism no row has keys in two tiles of a turn") {
  for (const Shape& shape : shapes(true)) {
    const std::vector<KeyTile> tiles = key_tiles(shape);
    const std::vector<int> turns = key_turns(shape);
    CHECK(turns.back() == static_cast<int>(tiles.size()));
    for (std::size_t turn = 0; turn + 1 < turns.size(); ++turn) {
      CHECK(turns[turn] < turns[turn + 1]);
      std::vector<int> tiles_of_row(static_cast<std::size_t>(tokens_of(shape)));
      for (int i = turns[turn]; i < turns[turn + 1]; ++i) {
        const KeyTile& tile = tiles[static_cast<std::size_t>(i)];
        for (int row = tile.key_begin; row < rows_end(shape, tile); ++row)
          ++tiles_of_row[static_cast<std::size_t>(row)];
      }
      CHECK(*std::max_element(tiles_of_row.begin(), tiles_of_row.end()) <= 1);
    }
  }
}

TEST_CASE("Deterministic gradients are the same bits in any order of blocks, warps and lanes") {
  for (const std::int64_t top_k : {0, 4}) {
    Problem problem;
    problem.mechanism = top_k > 0 ? Mechanism::moba : Mechanism::full;
    problem.cu_seqlens = {0, 600};
    problem.heads = 2;
    problem.head_dim = 64;
    problem.block = top_k > 0 ? 64 : 0;
    problem.top_k = top_k;
    const Tensors tensors = filled(problem, Fill::normal, 5);
    const auto gradients = [&](std::uint64_t seed, bool deterministic) {
      BackendOptions options;
      options.seed = seed;
      options.dtype = Dtype::fp16;  // bf16 would round the difference of two orders away
      KernelOptions kernels;
      kernels.deterministic = deterministic;
      return simt_backend(options).compute(problem, tensors, kernels).gradients;
    };
    const Gradients<double> one = gradients(1, true), other = gradients(2, true);
    CHECK(one.dq == other.dq);
    CHECK(one.dk == other.dk);
    CHECK(one.dv == other.dv);
    CHECK(one.dq != gradients(3, false).dq);  // sums in another order: what the turns are for
  }
}

}  // namespace mobasim::tests::backward_test
