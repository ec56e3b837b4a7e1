// The routed part of MoBA, key-major: a block of keys is read once and meets all queries that picked it. Each
// (row, slot) leaves its own partial result, so no two threads write to the same place and the order of the sums is
// fixed.
#pragma once

#include <vector>

#include "kernels/cpu/context.h"

namespace mobasim::kernels {

// The picks of some rows of one head, by block: a counting sort, stable in the order of the rows.
struct RoutedRows {
  Run sequence, rows;
  std::int64_t head, slots;
  std::vector<std::int64_t> first;  // [blocks + 1] into cells
  std::vector<std::int64_t> cells;  // (row - rows.begin) * slots + slot
};
[[nodiscard]] RoutedRows routed_rows(const Problem& problem, const Selection& selection, std::int64_t head,
                                     Run sequence, Run rows);

// Softmax sums not yet normalised nor merged.
struct RoutedPartials {
  const RoutedRows* routed;
  const std::int32_t* picks;  // of the first row's head; the next row is heads * slots further
  std::int64_t heads;
  Buffer<float>* o;       // [rows, slots, columns]
  Buffer<float>*m, *sum;  // [rows, slots]
};

void routed_forward(CpuContext& context, const RoutedRows& routed, const RoutedPartials& partials);
// Merges the partials of the tile's rows into it, slot after slot.
void merge(const RoutedPartials& partials, Tile& tile);

// Adds to the context's dk and dv; leaves dq in partial_dq [rows, slots, columns].
void routed_backward(CpuContext& context, const RoutedRows& routed, Buffer<float>& partial_dq);
// dq += the sum over the slots.
void add_routed_dq(CpuContext& context, const RoutedRows& routed, const Selection& selection,
                   const Buffer<float>& partial_dq);

}  // namespace mobasim::kernels
