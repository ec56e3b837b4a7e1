// The time of a pipeline against the textbook's formulas, against laws, and against a simulation of its dependencies.
#include "sim/parallel/pipeline.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/catch.h"

namespace mobasim::tests::pipeline_test {
namespace {

constexpr PipelineSchedule kSchedules[] = {PipelineSchedule::gpipe, PipelineSchedule::one_forward_one_backward,
                                           PipelineSchedule::interleaved, PipelineSchedule::zero_bubble_h1};

PipelineWork equal_work(PipelineSchedule schedule, std::int64_t stages, std::int64_t microbatches, ChunkTime chunk,
                        std::int64_t virtual_stages = 1) {
  PipelineWork work{schedule, stages, virtual_stages, microbatches, {}, 0, true};
  work.chunks.assign(static_cast<std::size_t>(stages * virtual_stages), chunk);
  return work;
}

// Unequal stages, some of them much slower, now and then free or equal.
PipelineWork random_work(std::mt19937& random, PipelineSchedule schedule, std::int64_t longest) {
  const auto up_to = [&](std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(1, n)(random); };
  std::uniform_real_distribution<double> fraction(0, 1);
  PipelineWork work = equal_work(schedule, 1 + up_to(7), up_to(longest), {});
  if (schedule == PipelineSchedule::interleaved) {
    work.virtual_stages = up_to(4);
    work.microbatches = (work.microbatches + work.stages - 1) / work.stages * work.stages;
    work.chunks.resize(static_cast<std::size_t>(work.stages * work.virtual_stages));
  }
  const double spread = up_to(3) == 1 ? 0 : fraction(random);
  const double w = fraction(random);
  for (ChunkTime& chunk : work.chunks) {
    chunk.forward = 1 + spread * fraction(random);
    chunk.backward = 2 - w + spread * fraction(random);
    chunk.weight_gradient = w * (1 + spread * fraction(random));
  }
  if (up_to(3) == 1) work.chunks[static_cast<std::size_t>(up_to(work.stages) - 1)].forward *= 3;
  work.send = up_to(3) == 1 ? 0 : fraction(random);
  work.send_blocks = up_to(2) == 1;
  return work;
}

enum class Pass { forward, backward, weight_gradient };
struct Operation {
  Pass pass;
  std::int64_t chunk, microbatch;
};

// The operation that Megatron-LM's interleaved schedule numbers `n` among the forward (or backward) ones of a device.
Operation interleaved_operation(const PipelineWork& work, std::int64_t device, std::int64_t n, Pass pass) {
  const std::int64_t p = work.stages, v = work.virtual_stages;
  const std::int64_t in_group = n % (p * v);
  const std::int64_t own = pass == Pass::forward ? in_group / p : v - 1 - in_group / p;
  return {pass, own * p + device, n / (p * v) * p + in_group % p};
}

// What `device` does, in its order, from the descriptions in the papers. put_off: of ZB-H1's weight gradients.
std::vector<Operation> order_of(const PipelineWork& work, std::int64_t device, bool put_off) {
  const std::int64_t p = work.stages, v = work.virtual_stages, m = work.microbatches;
  std::vector<Operation> order;
  const auto operation = [&](Pass pass, std::int64_t n) {
    order.push_back(work.schedule == PipelineSchedule::interleaved ? interleaved_operation(work, device, n, pass)
                                                                   : Operation{pass, device, n});
  };
  std::int64_t warm_up = p - device - 1;
  if (work.schedule == PipelineSchedule::gpipe) warm_up = m;
  if (work.schedule == PipelineSchedule::interleaved) warm_up = (p - device - 1) * 2 + (v - 1) * p;
  warm_up = std::min(warm_up, m * v);
  const std::int64_t delay = put_off ? device : 0;
  const bool apart = work.schedule == PipelineSchedule::zero_bubble_h1;
  for (std::int64_t n = 0; n < warm_up; ++n) operation(Pass::forward, n);
  for (std::int64_t n = 0; n < m * v; ++n) {
    if (warm_up + n < m * v) operation(Pass::forward, warm_up + n);
    operation(Pass::backward, n);
    if (apart && n >= delay) operation(Pass::weight_gradient, n - delay);
  }
  if (apart) {
    for (std::int64_t n = std::max<std::int64_t>(m - delay, 0); n < m; ++n) operation(Pass::weight_gradient, n);
  }
  return order;
}

double simulated_order(const PipelineWork& work, bool put_off) {
  const std::int64_t chunks = std::ssize(work.chunks), m = work.microbatches;
  std::vector<std::vector<Operation>> orders;
  for (std::int64_t i = 0; i < work.stages; ++i) orders.push_back(order_of(work, i, put_off));
  std::vector<std::size_t> next(orders.size(), 0);
  std::vector<double> free(orders.size(), 0);
  // By chunk and microbatch, when the input is there; negative: not yet.
  const std::size_t cells = static_cast<std::size_t>(chunks * m);
  std::vector<double> forward_in(cells, -1), backward_in(cells, -1);
  const auto cell = [&](std::int64_t chunk, std::int64_t microbatch) {
    return static_cast<std::size_t>(chunk * m + microbatch);
  };
  for (std::int64_t j = 0; j < m; ++j) forward_in[cell(0, j)] = 0;
  const bool apart = work.schedule == PipelineSchedule::zero_bubble_h1;
  double end = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t device = 0; device < orders.size(); ++device) {
      while (next[device] < orders[device].size()) {
        const auto [pass, chunk, j] = orders[device][next[device]];
        const ChunkTime& time = work.chunks[static_cast<std::size_t>(chunk)];
        double start = free[device];
        if (pass == Pass::forward) start = forward_in[cell(chunk, j)];
        if (pass == Pass::backward) start = backward_in[cell(chunk, j)];
        if (start < 0) break;
        start = std::max(start, free[device]);
        double took = time.weight_gradient, sends = 0;
        if (pass == Pass::forward) {
          took = time.forward;
          if (chunk + 1 < chunks) {
            forward_in[cell(chunk + 1, j)] = start + took + work.send;
            sends = work.send;
          } else {
            backward_in[cell(chunk, j)] = start + took;
          }
        } else if (pass == Pass::backward) {
          took = time.backward + (apart ? 0 : time.weight_gradient);
          if (chunk > 0) {
            backward_in[cell(chunk - 1, j)] = start + took + work.send;
            sends = work.send;
          }
        }
        end = std::max(end, start + took);
        free[device] = start + took + (work.send_blocks ? sends : 0);
        ++next[device];
        moved = true;
      }
    }
  }
  for (std::size_t device = 0; device < orders.size(); ++device) REQUIRE(next[device] == orders[device].size());
  return end;
}

double simulated_time(const PipelineWork& work) {
  if (work.schedule != PipelineSchedule::zero_bubble_h1) return simulated_order(work, false);
  return std::min(simulated_order(work, true), simulated_order(work, false));
}

double total(const ChunkTime& chunk) { return chunk.forward + chunk.backward + chunk.weight_gradient; }

}  // namespace

TEST_CASE("The time of a pipeline is that of a simulation of its dependencies") {
  std::mt19937 random(1);
  for (const PipelineSchedule schedule : kSchedules) {
    for (int i = 0; i < 400; ++i) {
      const PipelineWork work = random_work(random, schedule, i < 300 ? 20 : 1000);
      CAPTURE(i, work.stages, work.virtual_stages, work.microbatches, work.send, work.send_blocks);
      CHECK(pipeline_time(work).time == Approx(simulated_time(work)).epsilon(1e-12));
    }
  }
}

TEST_CASE("A pipeline whose slow parts repeat only after several microbatches is carried on exactly") {
  PipelineWork work = equal_work(PipelineSchedule::one_forward_one_backward, 5, 977, {1, 2, 0});
  work.send_blocks = false;
  for (const double send : {0.0, 0.25, 1.0, 3.0, 10.0}) {  // long sends: p microbatches make a round trip
    work.send = send;
    CHECK(pipeline_time(work).time == Approx(simulated_time(work)).epsilon(1e-12));
  }
}

TEST_CASE("One stage is no pipeline") {
  for (const PipelineSchedule schedule : kSchedules) {
    PipelineWork work = equal_work(schedule, 1, 24, {1, 1.5, 0.5}, 2);
    work.send = 7;
    const PipelineTime found = pipeline_time(work);
    CHECK(found.time == 24 * 6.0);
    CHECK(found.work == found.time);
    CHECK(found.sends == 0);
    CHECK(found.slowest_stage == 0);
    CHECK(chunks_in_flight(work, 0) == 2);
  }
}

TEST_CASE("Equal stages take the textbook's time") {
  for (const std::int64_t p : {2, 4, 8}) {
    for (const std::int64_t m : {p, 2 * p, 5 * p, 40 * p}) {
      const auto time = [&](PipelineSchedule schedule, ChunkTime chunk, std::int64_t v = 1) {
        return pipeline_time(equal_work(schedule, p, m, chunk, v)).time;
      };
      const double bubbles = static_cast<double>(p - 1), passes = static_cast<double>(m + p - 1);
      CAPTURE(p, m);
      CHECK(time(PipelineSchedule::gpipe, {1, 2, 0}) == Approx(passes * 3).epsilon(1e-12));
      CHECK(time(PipelineSchedule::one_forward_one_backward, {1, 1, 1}) == Approx(passes * 3).epsilon(1e-12));
      for (const std::int64_t v : {2, 3}) {  // the bubble of Narayanan et al. 2021, section 2.2
        CHECK(time(PipelineSchedule::interleaved, {1, 2, 0}, v) ==
              Approx(3 * (static_cast<double>(m * v) + bubbles)).epsilon(1e-12));
      }
      // Qi et al. 2024, table 1: (p - 1)(T_F + T_B - T_W)
      CHECK(time(PipelineSchedule::zero_bubble_h1, {1, 1.25, 0.75}) ==
            Approx(3 * static_cast<double>(m) + bubbles * (1 + 1.25 - 0.75)).epsilon(1e-12));
    }
  }
}

TEST_CASE("ZB-H1 is never slower than 1F1B with the same work") {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    PipelineWork work = random_work(random, PipelineSchedule::zero_bubble_h1, 60);
    const double zero_bubble = pipeline_time(work).time;
    work.schedule = PipelineSchedule::one_forward_one_backward;
    CHECK(zero_bubble <= pipeline_time(work).time * (1 + 1e-12));
  }
}

TEST_CASE("A pipeline takes no less than its slowest stage, and than one microbatch's way there and back") {
  std::mt19937 random(3);
  for (const PipelineSchedule schedule : kSchedules) {
    for (int i = 0; i < 100; ++i) {
      const PipelineWork work = random_work(random, schedule, 60);
      const PipelineTime found = pipeline_time(work);
      double most = 0, way = 2 * work.send * static_cast<double>(work.chunks.size() - 1);
      for (std::int64_t stage = 0; stage < work.stages; ++stage) {
        double own = 0;
        for (std::int64_t c = stage; c < std::ssize(work.chunks); c += work.stages) {
          own += static_cast<double>(work.microbatches) * total(work.chunks[static_cast<std::size_t>(c)]);
        }
        if (stage == found.slowest_stage) CHECK(found.work == Approx(own));
        most = std::max(most, own);
      }
      for (const ChunkTime& chunk : work.chunks) way += chunk.forward + chunk.backward;
      CHECK(found.work == Approx(most));
      CHECK(found.time * (1 + 1e-12) >= found.work + found.sends);
      CHECK(found.time * (1 + 1e-12) >= way);
      CHECK((work.send_blocks || found.sends == 0));
    }
  }
}

TEST_CASE("A slower chunk, a longer send or one that blocks never makes a pipeline faster") {
  std::mt19937 random(4);
  for (const PipelineSchedule schedule : kSchedules) {
    for (int i = 0; i < 100; ++i) {
      PipelineWork work = random_work(random, schedule, 60);
      const double before = pipeline_time(work).time / (1 + 1e-12);
      PipelineWork slower = work;
      slower.chunks[static_cast<std::size_t>(i) % work.chunks.size()].forward += 0.3;
      CHECK(pipeline_time(slower).time >= before);
      slower = work;
      slower.chunks[static_cast<std::size_t>(i) % work.chunks.size()].backward += 0.3;
      CHECK(pipeline_time(slower).time >= before);
      slower = work;
      slower.send += 0.1;
      CHECK(pipeline_time(slower).time >= before);
      slower = work;
      slower.send_blocks = true;
      CHECK(pipeline_time(slower).time >= before);
      work.microbatches += work.stages;
      CHECK(pipeline_time(work).time >= before);
    }
  }
}

TEST_CASE("Chunks in flight are those that the order of a schedule holds at once") {
  std::mt19937 random(5);
  for (const PipelineSchedule schedule : kSchedules) {
    for (int i = 0; i < 100; ++i) {
      const PipelineWork work = random_work(random, schedule, 40);
      for (std::int64_t stage = 0; stage < work.stages; ++stage) {
        const Pass last = schedule == PipelineSchedule::zero_bubble_h1 ? Pass::weight_gradient : Pass::backward;
        std::int64_t held = 0, most = 0;
        for (const Operation& operation : order_of(work, stage, true)) {
          held += operation.pass == Pass::forward ? 1 : operation.pass == last ? -1 : 0;
          most = std::max(most, held);
        }
        CAPTURE(work.stages, work.virtual_stages, work.microbatches, stage);
        CHECK(chunks_in_flight(work, stage) == most);
      }
    }
  }
  // Narayanan et al. 2021: the first stage holds p (1 + (p - 1) / (p v)) microbatches' worth, v chunks each.
  CHECK(chunks_in_flight(equal_work(PipelineSchedule::interleaved, 8, 64, {1, 2, 0}, 4), 0) == 8 * 4 + 7);
}

}  // namespace mobasim::tests::pipeline_test
