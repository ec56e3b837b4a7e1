#include "kernels/simt/bugs.h"

namespace mobasim::kernels::simt {

const char* name(Bug bug) {
  constexpr const char* kNames[] = {
      "none",
      "output_not_rescaled",
      "sum_not_rescaled",
      "sum_of_one_lane",
      "mask_off_by_one",
      "key_head_mixed_up",
      "sequence_crossed",
      "swizzle_forgotten",
      "row_tail_written",
      "partial_in_next_head",
      "empty_slot_merged",
      "merge_without_shrink",
      "nan_score_first",
      "open_block_routed",
      "gate_key_head_mixed_up",
      "tie_to_the_higher_block",
      "ties_beyond_the_slots",
      "keys_left_out_of_mean",
      "last_item_forgotten",
      "row_tail_counted",
      "one_head_of_group",
      "routed_rows_forgotten",
      "backward_mask_off_by_one",
      "delta_forgotten",
      "lse_of_first_head",
      "key_gradient_unscaled",
      "query_gradient_unscaled",
      "sums_not_cleared",
  };
  static_assert(sizeof(kNames) / sizeof(*kNames) == kBugs);
  return kNames[static_cast<int>(bug)];
}

}  // namespace mobasim::kernels::simt
