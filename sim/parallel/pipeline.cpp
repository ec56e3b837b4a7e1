#include "sim/parallel/pipeline.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mobasim {

namespace {

// Time in whole ticks: sums and comparisons are exact, so that a recurrence which repeats does so to the last bit.
using Tick = std::int64_t;

struct ChunkTicks {
  Tick forward = 0, forward_held = 0;  // held: the device waits for its send
  Tick backward = 0, backward_held = 0;
  Tick weight_gradient = 0;
};

// State of a recurrence between rounds: when each device is free, then when what it waits for next arrives.
struct Scratch {
  std::vector<ChunkTicks> chunks;
  std::vector<Tick> state, snapshot;
  std::vector<std::int64_t> first_chunk;  // interleaved: of the row of chunks that a position in the order belongs to
};

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

// Ticks per second: a power of two, so that the longest operation has up to 47 bits and all of them together 63.
double ticks_per_second(const PipelineWork& work) {
  double longest = work.send;
  for (const ChunkTime& chunk : work.chunks) {
    longest = std::max({longest, chunk.forward, chunk.backward, chunk.weight_gradient});
  }
  if (longest <= 0) return 1;
  const double operations = 5.0 * static_cast<double>(work.chunks.size()) * static_cast<double>(work.microbatches);
  return std::ldexp(1, std::min(46, 61 - std::ilogb(operations)) - std::ilogb(longest));
}

Tick ticks(double seconds, double per_second) { return static_cast<Tick>(seconds * per_second + 0.5); }

// weight_gradient stays apart where the schedule can put it off; elsewhere it belongs to the backward pass.
void set_chunks(const PipelineWork& work, double per_second, std::vector<ChunkTicks>& chunks) {
  const bool apart = work.schedule == PipelineSchedule::zero_bubble_h1;
  const Tick held = work.send_blocks ? ticks(work.send, per_second) : 0;
  chunks.resize(work.chunks.size());
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    const ChunkTime& seconds = work.chunks[c];
    chunks[c].forward = ticks(seconds.forward, per_second);
    chunks[c].forward_held = c + 1 < chunks.size() ? held : 0;
    chunks[c].backward = ticks(seconds.backward + (apart ? 0 : seconds.weight_gradient), per_second);
    chunks[c].backward_held = c > 0 ? held : 0;
    chunks[c].weight_gradient = apart ? ticks(seconds.weight_gradient, per_second) : 0;
  }
}

// A recurrence of sums and maxima whose whole state has moved by one constant since an earlier round repeats from there
// (it is linear in the max-plus algebra: Baccelli et al. 1992, Synchronization and Linearity, section 3.7). The earlier
// round is sought as Brent's cycle finder does (1980): one state is kept, and replaced after twice as many rounds.
struct Repetition {
  std::vector<Tick>& state;
  std::vector<Tick>& snapshot;
  std::int64_t round = -1;  // of the snapshot; -1: there is none
  std::int64_t span = 1;    // rounds until it is replaced
};

bool moved_by_a_constant(const Repetition& repetition) {
  const Tick shift = repetition.state[0] - repetition.snapshot[0];
  for (std::size_t i = 1; i < repetition.state.size(); ++i) {
    if (repetition.state[i] - repetition.snapshot[i] != shift) return false;
  }
  return true;
}

// The round after those that the repetition lets it skip, `end` at most; moves the state there.
std::int64_t round_reached(Repetition& repetition, std::int64_t round, std::int64_t end) {
  if (repetition.round >= 0 && moved_by_a_constant(repetition)) {
    const std::int64_t period = round - repetition.round;
    const std::int64_t times = (end - round) / period;
    const Tick shift = repetition.state[0] - repetition.snapshot[0];
    for (Tick& tick : repetition.state) tick += times * shift;
    return round + times * period;
  }
  if (repetition.round < 0 || round - repetition.round >= repetition.span) {
    repetition.snapshot = repetition.state;
    repetition.span = repetition.round < 0 ? 1 : 2 * repetition.span;
    repetition.round = round;
  }
  return round;
}

// GPipe in closed form: of all paths through the grid of stages and identical microbatches the longest crosses every
// stage once and goes from microbatch to microbatch at the slowest, forward and again backward. The last stage turns
// back last, so that the others are free by then.
double gpipe_time(const PipelineWork& work) {
  const double held = work.send_blocks ? work.send : 0;
  double across = 2 * static_cast<double>(work.stages - 1) * work.send;
  double slowest_forward = 0, slowest_backward = 0;
  for (std::size_t i = 0; i < work.chunks.size(); ++i) {
    const ChunkTime& chunk = work.chunks[i];
    const double backward = chunk.backward + chunk.weight_gradient;
    across += chunk.forward + backward;
    slowest_forward = std::max(slowest_forward, chunk.forward + (i + 1 < work.chunks.size() ? held : 0));
    slowest_backward = std::max(slowest_backward, backward + (i > 0 ? held : 0));
  }
  return across + static_cast<double>(work.microbatches - 1) * (slowest_forward + slowest_backward);
}

// 1F1B and ZB-H1 in rounds: in round r every stage i does forward r and then backward r - (p - 1 - i), whose input its
// successor sent in the round before. That is each stage's own order: p - 1 - i forward passes, then one of each in
// turn.
struct OneForwardOneBackward {
  std::int64_t stages, microbatches;
  Tick send;
  std::int64_t first_weight_round;  // the round from which a weight gradient follows each backward
};

void do_round(const OneForwardOneBackward& pipeline, std::int64_t round, const std::vector<ChunkTicks>& chunks,
              std::vector<Tick>& state) {
  const std::int64_t p = pipeline.stages, m = pipeline.microbatches;
  const std::int64_t first_backward = p - 1 - round, last_backward = m + p - 2 - round;  // stages that have one
  const bool forward = round < m, weights = round >= pipeline.first_weight_round;
  Tick arrives = 0;  // the forward pass's input
  for (std::int64_t i = 0; i < p; ++i) {
    const ChunkTicks& chunk = chunks[index(i)];
    Tick free = state[index(i)];
    if (forward) {
      free = std::max(free, arrives) + chunk.forward;
      arrives = free + pipeline.send;
      free += chunk.forward_held;
    }
    if (i >= first_backward && i <= last_backward) {
      if (i < p - 1) free = std::max(free, state[index(p + i)]);
      free += chunk.backward;
      if (i > 0) state[index(p + i - 1)] = free + pipeline.send;
      free += chunk.backward_held + (weights ? chunk.weight_gradient : 0);
    }
    state[index(i)] = free;
  }
}

Tick one_forward_one_backward_time(const OneForwardOneBackward& pipeline, Scratch& kept) {
  const std::int64_t p = pipeline.stages, m = pipeline.microbatches;
  kept.state.assign(index(2 * p - 1), 0);
  Repetition repetition{kept.state, kept.snapshot};
  for (std::int64_t round = 0; round < m + p - 1; ++round) {
    if (round >= p && round < m) round = round_reached(repetition, round, m);
    do_round(pipeline, round, kept.chunks, kept.state);
  }
  Tick end = 0;
  for (std::int64_t i = 0; i < p; ++i) {  // stage i had its first backward in round p - 1 - i
    const std::int64_t left = std::clamp<std::int64_t>(pipeline.first_weight_round - (p - 1 - i), 0, m);
    end = std::max(end, kept.state[index(i)] + left * kept.chunks[index(i)].weight_gradient);
  }
  return end;
}

// ZB-H1 puts stage i's weight gradients off by i microbatches (Qi et al. 2024, figure 2 of section 2.2: as many
// microbatches in flight on all stages), which is until round p - 1 for all stages. Made for equal stages: among
// unequal ones what is put off can end last, and then the weight gradients follow their backward at once.
Tick zero_bubble_time(const PipelineWork& work, Tick send, Scratch& kept) {
  const Tick put_off = one_forward_one_backward_time({work.stages, work.microbatches, send, work.stages - 1}, kept);
  return std::min(put_off, one_forward_one_backward_time({work.stages, work.microbatches, send, 0}, kept));
}

// Interleaved 1F1B in rounds: in round r device i does its forward r - i and its backward r - warm_up + i, warm_up that
// of device 0. Every input comes from the round before: from a neighbour, or around from the last device to the first
// (the next chunk's forward) and back. That is Megatron-LM's order, 2 (p - i - 1) + (v - 1) p forward passes and then
// one of each in turn, because what does not exist is left out at both ends.
struct Interleaved {
  std::int64_t stages, virtual_stages, microbatches;
  Tick send;
};

std::int64_t warm_up(std::int64_t stages, std::int64_t virtual_stages, std::int64_t stage) {
  return 2 * (stages - stage - 1) + (virtual_stages - 1) * stages;
}

// state: when each device is free, when its next forward's input arrives, when its next backward's.
void do_round(const Interleaved& pipeline, std::int64_t round, Scratch& kept) {
  const std::int64_t p = pipeline.stages, operations = pipeline.microbatches * pipeline.virtual_stages;
  const std::int64_t group = p * pipeline.virtual_stages;  // operations of p microbatches
  const std::int64_t first_backward = round - warm_up(p, pipeline.virtual_stages, 0);
  Tick* const free = kept.state.data();
  Tick* const forward_in = free + p;
  Tick* const backward_in = forward_in + p;
  Tick arrives = forward_in[0], around = backward_in[p - 1];
  // Positions within the group; of what does not exist they are not used.
  std::int64_t forward_at = round % group, backward_at = ((first_backward % group) + group) % group;
  bool sent_around = false;
  for (std::int64_t i = 0; i < p; ++i) {
    const Tick input = arrives;
    if (i + 1 < p) arrives = forward_in[i + 1];
    if (round >= i && round - i < operations) {
      const std::int64_t c = kept.first_chunk[index(forward_at)] + i;
      const ChunkTicks& chunk = kept.chunks[index(c)];
      free[i] = std::max(free[i], input) + chunk.forward;
      const Tick sent = free[i] + pipeline.send;
      free[i] += chunk.forward_held;
      // After the last chunk comes another microbatch's first: its input is there.
      forward_in[i + 1 < p ? i + 1 : 0] = c == group - 1 ? free[0] : sent;
    }
    if (first_backward + i >= 0 && first_backward + i < operations) {
      const std::int64_t c = group - p - kept.first_chunk[index(backward_at)] + i;
      const ChunkTicks& chunk = kept.chunks[index(c)];
      free[i] = std::max(free[i], backward_in[i]) + chunk.backward;
      if (i > 0) {
        backward_in[i - 1] = free[i] + pipeline.send;
      } else {
        sent_around = c > 0;
        around = free[0] + pipeline.send;
      }
      free[i] += chunk.backward_held;
    }
    forward_at = forward_at == 0 ? group - 1 : forward_at - 1;
    backward_at = backward_at == group - 1 ? 0 : backward_at + 1;
  }
  backward_in[p - 1] = sent_around ? around : free[p - 1];
}

Tick interleaved_time(const Interleaved& pipeline, Scratch& kept) {
  const std::int64_t group = pipeline.stages * pipeline.virtual_stages;
  const std::int64_t operations = pipeline.microbatches * pipeline.virtual_stages;
  const std::int64_t warm = warm_up(pipeline.stages, pipeline.virtual_stages, 0);
  kept.state.assign(index(3 * pipeline.stages), 0);
  kept.first_chunk.resize(index(group));
  for (std::int64_t i = 0; i < group; ++i) kept.first_chunk[index(i)] = i - i % pipeline.stages;
  Repetition repetition{kept.state, kept.snapshot};
  std::int64_t groups = 0;  // of rounds in which every device has both operations, from round `warm` on
  for (std::int64_t round = 0; round < operations + warm; ++round) {
    if (round >= warm && round < operations && (round - warm) % group == 0) {
      groups = round_reached(repetition, groups, groups + (operations - round) / group);
      round = warm + groups * group;
      ++groups;
    }
    do_round(pipeline, round, kept);
  }
  return *std::max_element(kept.state.begin(), kept.state.begin() + pipeline.stages);
}

double time_of(const PipelineWork& work) {
  if (work.schedule == PipelineSchedule::gpipe) return gpipe_time(work);
  thread_local Scratch kept;  // searches call this often: nothing is allocated again
  const double per_second = ticks_per_second(work);
  const Tick send = ticks(work.send, per_second);
  set_chunks(work, per_second, kept.chunks);
  const auto found = [&] {
    if (work.schedule == PipelineSchedule::zero_bubble_h1) return zero_bubble_time(work, send, kept);
    if (work.schedule == PipelineSchedule::one_forward_one_backward) {
      return one_forward_one_backward_time({work.stages, work.microbatches, send, work.stages}, kept);
    }
    return interleaved_time({work.stages, work.virtual_stages, work.microbatches, send}, kept);
  };
  return static_cast<double>(found()) / per_second;
}

}  // namespace

PipelineTime pipeline_time(const PipelineWork& work) {
  const double m = static_cast<double>(work.microbatches);
  const std::size_t chunks = work.chunks.size(), stages = index(work.stages);
  PipelineTime found;
  for (std::size_t stage = 0; stage < stages; ++stage) {
    double seconds = 0;
    for (std::size_t c = stage; c < chunks; c += stages) {
      seconds += work.chunks[c].forward + work.chunks[c].backward + work.chunks[c].weight_gradient;
    }
    if (stage > 0 && m * seconds <= found.work) continue;
    found.work = m * seconds;
    found.slowest_stage = static_cast<std::int64_t>(stage);
  }
  if (work.stages == 1) {  // no pipeline, no sends
    found.time = found.work;
    return found;
  }
  if (work.send_blocks) {
    const std::int64_t ends = (found.slowest_stage == 0 ? 1 : 0) + (found.slowest_stage == work.stages - 1 ? 1 : 0);
    found.sends = m * static_cast<double>(2 * work.virtual_stages - ends) * work.send;
  }
  found.time = time_of(work);
  return found;
}

std::int64_t chunks_in_flight(const PipelineWork& work, std::int64_t stage) {
  const std::int64_t p = work.stages, m = work.microbatches;
  if (p == 1) return work.virtual_stages;
  switch (work.schedule) {
    case PipelineSchedule::gpipe:
      return m;
    case PipelineSchedule::one_forward_one_backward:
      return std::min(p - stage, m);
    case PipelineSchedule::interleaved:
      return std::min(warm_up(p, work.virtual_stages, stage) + 1, m * work.virtual_stages);
    case PipelineSchedule::zero_bubble_h1:
      return std::min(p, m);
  }
  return m;
}

}  // namespace mobasim
