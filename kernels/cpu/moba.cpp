#include "kernels/cpu/moba.h"

#include <algorithm>

#include "kernels/cpu/causal.h"
#include "kernels/cpu/gate.h"
#include "kernels/cpu/routed.h"

namespace mobasim::kernels {
namespace {

constexpr std::int64_t kWorkspaceFloats = std::int64_t{1} << 24;  // 64 MiB of partial results at most, or one block's

// The rows of a sequence in chunks of whole blocks whose partial results fit the workspace.
std::vector<Run> row_chunks(const Problem& problem, Run sequence) {
  const std::int64_t floats_a_block = problem.block * slots_of(problem) * padded(problem.head_dim);
  const std::int64_t rows = std::max<std::int64_t>(1, kWorkspaceFloats / floats_a_block) * problem.block;
  std::vector<Run> chunks;
  for (std::int64_t at = sequence.begin; at < sequence.end; at += rows) {
    chunks.push_back({at, std::min(at + rows, sequence.end)});
  }
  return chunks;
}

std::size_t cells_of(const Problem& problem, const std::vector<Run>& chunks) {
  return static_cast<std::size_t>((chunks.front().end - chunks.front().begin) * slots_of(problem));
}

}  // namespace

std::vector<Run> own_blocks(const Problem& problem, Run rows) {
  std::vector<Run> blocks;
  for (std::int64_t at = rows.begin; at < rows.end; at += problem.block) {
    blocks.push_back({at, std::min(at + problem.block, rows.end)});
  }
  return blocks;
}

void moba_forward(CpuContext& context, Run sequence, Selection& selection) {
  const Problem& problem = context.problem;
  choose_blocks(context, sequence, mean_keys(context, sequence), selection);
  const std::vector<Run> chunks = row_chunks(problem, sequence);
  const std::size_t cells = cells_of(problem, chunks);
  Buffer<float> o(cells * static_cast<std::size_t>(context.keys.columns)), m(cells), sum(cells);
  for (std::int64_t head = 0; head < problem.heads; ++head) {
    for (const Run& rows : chunks) {
      const RoutedRows routed = routed_rows(problem, selection, head, sequence, rows);
      const std::int32_t* picks = selection.picks.data() + (rows.begin * problem.heads + head) * slots_of(problem);
      const RoutedPartials partials{&routed, picks, problem.heads, &o, &m, &sum};
      routed_forward(context, routed, partials);
      causal_forward(context, own_blocks(problem, rows), head, head + 1, &partials);
    }
  }
}

void moba_backward_routed(CpuContext& context, Run sequence, const Selection& selection) {
  const Problem& problem = context.problem;
  const std::vector<Run> chunks = row_chunks(problem, sequence);
  Buffer<float> partial_dq(cells_of(problem, chunks) * static_cast<std::size_t>(context.keys.columns));
  for (std::int64_t head = 0; head < problem.heads; ++head) {
    for (const Run& rows : chunks) {
      const RoutedRows routed = routed_rows(problem, selection, head, sequence, rows);
      routed_backward(context, routed, partial_dq);
      add_routed_dq(context, routed, selection, partial_dq);
    }
  }
}

}  // namespace mobasim::kernels
