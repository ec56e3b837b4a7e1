// The time of a pipeline of unequal stages: the exact recurrence of each schedule, not (p - 1) / m.
//
// Every device works through its operations in the order that its schedule fixes; an operation starts when the device
// is free and its input has arrived. Sources: GPipe (Huang et al. 2019, arXiv 1811.06965), 1F1B (Narayanan et al. 2019,
// PipeDream-Flush), interleaved 1F1B (Narayanan et al. 2021, arXiv 2104.04473, section 2.2), ZB-H1 (Qi et al. 2024,
// arXiv 2401.10241, section 2).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/parallel/layout.h"

namespace mobasim {

// Seconds that one microbatch takes in a chunk. With zero_bubble_h1 `backward` is the part that the stage before waits
// for and `weight_gradient` the rest; the other schedules do both at once.
struct ChunkTime {
  double forward = 0;
  double backward = 0;
  double weight_gradient = 0;
};

struct PipelineWork {
  PipelineSchedule schedule = PipelineSchedule::one_forward_one_backward;
  std::int64_t stages = 1;
  std::int64_t virtual_stages = 1;
  std::int64_t microbatches = 1;
  std::vector<ChunkTime> chunks;  // stages x virtual_stages of them, in the order of the forward pass
  double send = 0;                // seconds from a chunk's end to the next one's start
  bool send_blocks = true;        // the sending device waits too (no overlap with its next operation)
};

struct PipelineTime {
  double time = 0;                 // seconds from the first operation's start to the last one's end
  std::int64_t slowest_stage = 0;  // the one with the most work of its own
  double work = 0;                 // seconds of that stage's own operations; time - work: bubble and exposed sends
  double sends = 0;                // seconds of that stage's blocking sends, part of time - work
};

// Exact to 1e-12. For many microbatches the recurrence runs until it repeats with a constant period and is carried on
// from there. One stage is no pipeline: no bubble, no sends. ZB-H1 is the faster of two orders, stage i's weight
// gradients put off by i microbatches as the paper draws it, or each straight after its backward; so it is never slower
// than 1F1B, where stages are unequal either. Preconditions: chunks.size() == stages x virtual_stages; microbatches >=
// 1; interleaved: microbatches % stages
// == 0.
[[nodiscard]] PipelineTime pipeline_time(const PipelineWork& work);

// The most microbatches whose activations stage `stage` holds at once, in units of one of the stage's chunks (a device
// of an interleaved pipeline may hold more than `microbatches`): GPipe m, 1F1B min(p - stage, m), interleaved
// min(2 (p - stage - 1) + (v - 1) p + 1, m v), ZB-H1 min(p, m) on every stage (until the weight gradient; the most of
// its two orders). One stage: virtual_stages.
[[nodiscard]] std::int64_t chunks_in_flight(const PipelineWork& work, std::int64_t stage);

}  // namespace mobasim
