// Planted bugs: places in the kernels where the mutation suite makes the executor go wrong, at run time and one at a
// time, to prove that verification sees it. On a GPU planted() is false at compile time and nothing is left of them.
// What can be planted without touching the kernels (a barrier, a wait or a commit left out, a copy not predicated, an
// atomic that is none) is done by the executor at a named place of the source (simt/mutation.h).
#pragma once

namespace mobasim::kernels::simt {

enum class Bug {
  none,
  output_not_rescaled,       // forward: o is not rescaled when a maximum grows
  sum_not_rescaled,          // forward: the sum is not rescaled when a maximum grows
  sum_of_one_lane,           // forward: the sum of a row is that of one of its four lanes
  mask_off_by_one,           // forward: a row sees the key after its own
  key_head_mixed_up,         // forward: query heads read the wrong key head under GQA
  sequence_crossed,          // forward: rows see the keys of earlier sequences, or of other blocks
  swizzle_forgotten,         // forward: values are read where they would stand without the permutation
  row_tail_written,          // routed: partials of rows beyond the last are written
  partial_in_next_head,      // routed: partials are written where those of the next head stand
  empty_slot_merged,         // own: slots without a pick are merged
  merge_without_shrink,      // own: the own sum keeps its scale when partials are merged
  nan_score_first,           // gate: a NaN score counts as +infinity
  open_block_routed,         // gate: the own block may be picked
  gate_key_head_mixed_up,    // gate: query heads read the wrong mean key under GQA
  tie_to_the_higher_block,   // gate: of equal scores the higher block wins
  ties_beyond_the_slots,     // gate: all blocks of equal score are picked
  keys_left_out_of_mean,     // pool: half of the keys are left out
  last_item_forgotten,       // index: the last work item of a group is left out
  row_tail_counted,          // backward: rows beyond the last count again
  one_head_of_group,         // backward: dk and dv miss all but one query head of a group
  routed_rows_forgotten,     // backward: routed rows give no gradient
  backward_mask_off_by_one,  // backward: a key gets gradient from the row before it
  delta_forgotten,           // backward: delta is 0
  lse_of_first_head,         // backward: all heads use the log-sum-exp of the first
  key_gradient_unscaled,     // backward: dk without the scale
  query_gradient_unscaled,   // backward: dq without the scale
  sums_not_cleared,          // backward: half of the sums of dq start undefined
};
constexpr int kBugs = static_cast<int>(Bug::sums_not_cleared) + 1;
// The name as above.
[[nodiscard]] const char* name(Bug bug);

}  // namespace mobasim::kernels::simt
