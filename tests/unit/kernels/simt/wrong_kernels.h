// Small wrong kernels, one fault each, with the detector that must flag it; right twins where `wrong` is false.
#pragma once

#include "kernels/simt/simt.h"

namespace mobasim::tests {
namespace {

using namespace kernels;
using namespace kernels::simt;

constexpr int kThreads = 64, kBlocks = 2, kWords = 64, kSharedBytes = 1024;

struct Trial {
  const int* in;         // [kWords], written by the host
  int *out, *undefined;  // [kWords], undefined
  bool wrong;
};

Rows<const int> in_of(const Trial& p) { return line_of(p.in, "in", kWords); }
Rows<int> out_of(const Trial& p) { return line_of(p.out, "out", kWords); }
SharedAddress word(int index) { return shared_base() + 4u * static_cast<unsigned>(index); }
SharedAddress row(int index) { return shared_base() + 16u * static_cast<unsigned>(index); }

void shared_beyond(Trial p) {
  store_shared(word(p.wrong ? kSharedBytes / 4 - kThreads + 1 + thread_index() : thread_index()), 1);
}
void shared_at_null(Trial p) { store_shared(p.wrong ? 0u : word(thread_index()), 1); }
void shared_copy_beyond(Trial p) {
  cp_async_16(row((p.wrong ? 1 : 0) + thread_index()), in_of(p), 0, 0, false);
  cp_async_commit();
  cp_async_wait<0>();
}
void row_beyond(Trial p) {
  const auto rows = rows_of(p.in, "in", 4, 16, 16);
  (void)load(rows, thread_index() % 4 + (p.wrong ? 1 : 0), 0);
}
// The allocation goes on, but not the head's slice.
void slice_beyond(Trial p) {
  const auto head = rows_of(p.in + 8, "head 1", 2, 8, 16);
  (void)load_as<Word4>(head, 0, p.wrong ? 8 : 4);
}
void before_the_first(Trial p) {
  const auto rows = rows_of(p.in, "in", 4, 16, 16);
  (void)load(rows, 1, p.wrong ? -1 : 0);
}
void view_beyond(Trial p) { (void)rows_of(p.in + (p.wrong ? 1 : 0), "in", 4, 16, 16); }
void copy_beyond(Trial p) {
  cp_async_16(row(thread_index()), in_of(p), 0, kWords, p.wrong);
  cp_async_commit();
  cp_async_wait<0>();
}
void global_misaligned(Trial p) { (void)load_as<Word4>(in_of(p), 0, p.wrong ? 2 : 4); }
void shared_misaligned(Trial p) {
  store_shared(word(p.wrong ? 2 * thread_index() + 1 : 2 * thread_index()), Word2{1, 2});
}

// Each thread clears a row, so that what is read before it is written in time is a race and no more.
void clear_rows() {
  store_shared(row(thread_index()), Word4{});
  sync_block();
}
void read_of_other_warp(Trial p) {
  clear_rows();
  store_shared(word(thread_index()), 1);
  if (!p.wrong) sync_block();
  (void)load_shared<int>(word((thread_index() + 32) % kThreads));
}
void read_of_other_warp_after_sync_warp(Trial p) {
  clear_rows();
  store_shared(word(thread_index()), 1);
  if (p.wrong) {
    sync_warp();
  } else {
    sync_block();
  }
  (void)load_shared<int>(word((thread_index() + 32) % kThreads));
}
void write_after_read(Trial p) {
  store_shared(word(thread_index()), 1);
  sync_block();
  (void)load_shared<int>(word(kThreads - 1 - thread_index()));
  if (!p.wrong) sync_block();
  store_shared(word(thread_index()), 2);
}
// All read one word; the writer is one of the readers.
void write_after_read_by_many(Trial p) {
  if (thread_index() == 0) store_shared(word(0), 1);
  sync_block();
  (void)load_shared<int>(word(0));
  if (!p.wrong) sync_block();
  if (thread_index() == 5) store_shared(word(0), 2);
}
void write_by_two(Trial p) { store_shared(word(p.wrong ? thread_index() / 2 : thread_index()), 1); }
// A shuffle makes lanes meet, but does not order memory.
void read_of_other_lane(Trial p) {
  store_shared(word(thread_index()), 1);
  (void)shuffle(1, 0);
  if (!p.wrong) sync_warp();
  (void)load_shared<int>(word(thread_index() ^ 1));
}
void matrix_of_other_lanes(Trial p) {
  store_shared(row(thread_index()), Word4{1, 2, 3, 4});
  if (!p.wrong) sync_warp();
  std::uint32_t out[4];
  ldmatrix(out, row(thread_index()));
}
void matrix_overwritten_by_other_warp(Trial p) {
  store_shared(row(thread_index()), Word4{1, 2, 3, 4});
  sync_block();
  std::uint32_t out[4];
  ldmatrix(out, row(thread_index()));
  if (!p.wrong) sync_block();
  store_shared(row((thread_index() + 32) % kThreads), Word4{1, 2, 3, 4});
}
void atomic_beside_plain(Trial p) {
  if (thread_index() == 0) store_shared(word(0), 0);
  sync_block();
  atomic_add_shared(word(0), 1);
  if (!p.wrong) sync_block();
  (void)load_shared<int>(word(0));
}
void copy_over_what_is_read(Trial p) {
  store_shared(row(thread_index()), Word4{1, 2, 3, 4});
  sync_block();
  (void)load_shared<int>(row(kThreads - 1 - thread_index()));
  if (!p.wrong) sync_block();
  cp_async_16(row(thread_index()), in_of(p), 0, 0, true);
  cp_async_commit();
  cp_async_wait<0>();
}
void copy_read_by_others_without_barrier(Trial p) {
  clear_rows();
  cp_async_16(row(thread_index()), in_of(p), 0, 0, true);
  cp_async_commit();
  cp_async_wait<0>();
  if (!p.wrong) sync_block();
  (void)load_shared<int>(row(kThreads - 1 - thread_index()));
}

void written_by_two_blocks(Trial p) {
  if (thread_index() == 0) store(out_of(p), 0, p.wrong ? 3 : block_index().x, 7);
}
void read_of_other_block(Trial p) {
  const Rows<int> numbers = line_of(const_cast<int*>(p.in), "numbers", kWords);
  const int own = block_index().x;
  if (thread_index() != 0) return;
  store(numbers, 0, own, 7);
  (void)load(numbers, 0, p.wrong ? 1 - own : own);
}
void atomic_beside_store_of_other_block(Trial p) {
  if (block_index().x == 0) {
    atomic_add(line_of(const_cast<int*>(p.in), "in", kWords), 0, 0, 1);
  } else if (p.wrong && thread_index() == 0) {
    store(line_of(const_cast<int*>(p.in), "in", kWords), 0, 0, 1);
  } else {
    atomic_add(line_of(const_cast<int*>(p.in), "in", kWords), 0, 0, 1);
  }
}

void global_read_of_other_warp(Trial p) {
  const Rows<int> numbers = rows_of(p.out, "numbers", kBlocks, kWords / kBlocks, kWords / kBlocks);
  const int own = block_index().x;
  if (thread_index() == 0) store(numbers, own, 0, 7);
  sync_block();
  if (thread_index() == 33) store(numbers, own, 0, 8);
  if (!p.wrong) sync_block();
  if (thread_index() == 3) (void)load(numbers, own, 0);
}
void global_read_of_other_lane(Trial p) {
  const Rows<int> numbers = rows_of(p.out, "numbers", kBlocks, kWords / kBlocks, kWords / kBlocks);
  if (warp_index() == 1) return;
  store(numbers, block_index().x, lane_index(), 7);
  (void)ballot(true);
  if (!p.wrong) sync_warp();
  (void)load(numbers, block_index().x, lane_index() ^ 1);
}
void atomic_beside_read(Trial p) {
  const Rows<int> numbers = line_of(const_cast<int*>(p.in), "numbers", kWords);
  atomic_add(numbers, 0, block_index().x, 1);
  if (!p.wrong) sync_block();
  if (thread_index() == 7) (void)load(numbers, 0, block_index().x);
}

void copy_not_waited_for(Trial p) {
  cp_async_16(row(thread_index()), in_of(p), 0, 0, true);
  cp_async_commit();
  if (!p.wrong) cp_async_wait<0>();
  (void)load_shared<int>(row(thread_index()));
  cp_async_wait<0>();
}
void copy_waited_for_laxly(Trial p) {
  const int lane = lane_index(), other = lane + kWarp;
  if (warp_index() == 1) return;
  cp_async_16(row(lane), in_of(p), 0, 0, true);
  cp_async_commit();
  cp_async_16(row(other), in_of(p), 0, 4, true);
  cp_async_commit();
  cp_async_wait<1>();
  (void)load_shared<int>(row(p.wrong ? other : lane));
  cp_async_wait<0>();
}
void write_where_a_copy_arrives(Trial p) {
  cp_async_16(row(thread_index()), in_of(p), 0, 0, true);
  cp_async_commit();
  if (!p.wrong) cp_async_wait<0>();
  store_shared(row(thread_index()), 1);
  cp_async_wait<0>();
}
void uncommitted_copy(Trial p) {
  cp_async_16(row(thread_index()), in_of(p), 0, 0, true);
  if (!p.wrong) cp_async_commit();
  cp_async_wait<0>();
  (void)load_shared<int>(row(thread_index()));
  cp_async_commit();
  cp_async_wait<0>();
}

void shared_undefined(Trial p) {
  if (!p.wrong || thread_index() != 9) store_shared(word(thread_index()), 1);
  (void)load_shared<int>(word(thread_index()));
}
// What another block left in shared memory is not there.
void shared_of_the_block_before(Trial p) {
  if (!p.wrong || block_index().x == 0) store_shared(word(thread_index()), 1);
  (void)load_shared<int>(word(thread_index()));
}
void global_undefined(Trial p) { (void)load(line_of(p.wrong ? p.undefined : p.in, "x", kWords), 0, thread_index()); }
void atomic_on_undefined(Trial p) {
  atomic_add(line_of(p.wrong ? p.undefined : const_cast<int*>(p.in), "x", kWords), 0, thread_index(), 1);
}

void barrier_in_a_branch(Trial p) {
  if (!p.wrong || warp_index() == 0) sync_block();
}
void barrier_in_a_branch_of_lanes(Trial p) {
  if (p.wrong && lane_index() == 3) return;
  sync_block();
}
void two_barriers(Trial p) {
  if (p.wrong && warp_index() == 0) {
    sync_block();
  } else {
    sync_block();
  }
}
void two_shuffles(Trial p) {
  if (p.wrong && lane_index() < 16) {
    (void)shuffle(1, 0);
  } else {
    (void)shuffle(1, 0);
  }
}
void shuffle_and_vote(Trial p) { p.wrong&& lane_index() == 0 ? (void)shuffle(1, 0) : (void)ballot(true); }
void lane_gone(Trial p) {
  if (p.wrong && lane_index() == 31) return;
  (void)ballot(true);
}
void barriers_of_warp_and_block(Trial p) {
  if (p.wrong && lane_index() < 16) {
    sync_block();
  } else {
    sync_warp();
  }
}
void endless(Trial p) {
  while (load(in_of(p), 0, 0) != 0 || p.wrong) {
  }
}
void copies_never_waited_for(Trial p) {
  cp_async_16(row(thread_index()), in_of(p), 0, 0, true);
  cp_async_commit();
  if (!p.wrong) cp_async_wait<0>();
}

struct Wrong {
  const char* name;
  void (*kernel)(Trial);
  Detector detector;
};
#define WRONG(kernel, detector) \
  Wrong { #kernel, kernel, Detector::detector }

const Wrong kWrongs[] = {
    WRONG(shared_beyond, out_of_bounds),
    WRONG(shared_at_null, out_of_bounds),
    WRONG(shared_copy_beyond, out_of_bounds),
    WRONG(row_beyond, out_of_bounds),
    WRONG(slice_beyond, out_of_bounds),
    WRONG(before_the_first, out_of_bounds),
    WRONG(view_beyond, out_of_bounds),
    WRONG(copy_beyond, out_of_bounds),
    WRONG(global_misaligned, misaligned),
    WRONG(shared_misaligned, misaligned),
    WRONG(read_of_other_warp, race_shared),
    WRONG(read_of_other_warp_after_sync_warp, race_shared),
    WRONG(write_after_read, race_shared),
    WRONG(write_after_read_by_many, race_shared),
    WRONG(write_by_two, race_shared),
    WRONG(read_of_other_lane, race_shared),
    WRONG(matrix_of_other_lanes, race_shared),
    WRONG(matrix_overwritten_by_other_warp, race_shared),
    WRONG(atomic_beside_plain, race_shared),
    WRONG(copy_over_what_is_read, race_shared),
    WRONG(copy_read_by_others_without_barrier, race_shared),
    WRONG(written_by_two_blocks, race_global),
    WRONG(read_of_other_block, race_global),
    WRONG(atomic_beside_store_of_other_block, race_global),
    WRONG(global_read_of_other_warp, race_global),
    WRONG(global_read_of_other_lane, race_global),
    WRONG(atomic_beside_read, race_global),
    WRONG(copy_not_waited_for, async_read),
    WRONG(copy_waited_for_laxly, async_read),
    WRONG(write_where_a_copy_arrives, async_read),
    WRONG(uncommitted_copy, async_read),
    WRONG(shared_undefined, uninitialised_shared),
    WRONG(shared_of_the_block_before, uninitialised_shared),
    WRONG(global_undefined, uninitialised_global),
    WRONG(atomic_on_undefined, uninitialised_global),
    WRONG(barrier_in_a_branch, divergent_barrier),
    WRONG(barrier_in_a_branch_of_lanes, divergent_barrier),
    WRONG(two_barriers, divergent_barrier),
    WRONG(two_shuffles, divergent_collective),
    WRONG(shuffle_and_vote, divergent_collective),
    WRONG(lane_gone, exited_lane),
    WRONG(barriers_of_warp_and_block, deadlock),
    WRONG(endless, deadlock),
    WRONG(copies_never_waited_for, copies_left),
};

}  // namespace
}  // namespace mobasim::tests
