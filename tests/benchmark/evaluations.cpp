// How many layouts a second are evaluated, time and memory both: every layout of a 22B model on 8 A100s that no rule
// refuses, over and over on a few threads for a few seconds.
//
//   evaluations_benchmark [--seconds 5] [--threads 2]
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/base/divisors.h"
#include "sim/device/device.h"
#include "sim/memory/memory_model.h"
#include "sim/model/model_shape.h"
#include "sim/run/refusals.h"
#include "sim/stack/stack.h"
#include "sim/step/step_model.h"

using namespace mobasim;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kDevices = 8, kBatch = 64, kSequence = 2048;

struct Candidate {
  Workload workload;
  Layout layout;
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Algorithm of the context group, and chunks and schedule of the pipeline, where there are such.
std::vector<Layout> ways_of(const Layout& split, std::int64_t layers) {
  std::vector<Layout> found;
  for (const auto algorithm : {ContextAlgorithm::all_gather, ContextAlgorithm::ring, ContextAlgorithm::ulysses}) {
    Layout layout = split;
    layout.context_algorithm = algorithm;
    for (const auto schedule :
         {PipelineSchedule::one_forward_one_backward, PipelineSchedule::gpipe, PipelineSchedule::zero_bubble_h1}) {
      layout.schedule = schedule;
      found.push_back(layout);
      if (split.pipeline == 1) break;
    }
    layout.schedule = PipelineSchedule::interleaved;
    for (const std::int64_t chunks : divisors(layers / split.pipeline)) {
      layout.virtual_stages = chunks;
      if (split.pipeline > 1 && chunks > 1) found.push_back(layout);
    }
    if (split.context == 1) break;
  }
  return found;
}

std::vector<Layout> layouts(std::int64_t layers) {
  std::vector<Layout> found;
  for (const std::int64_t tensor : divisors(kDevices)) {
    for (const std::int64_t context : divisors(kDevices / tensor)) {
      for (const std::int64_t pipeline : divisors(kDevices / tensor / context)) {
        Layout split;
        split.tensor = tensor, split.context = context, split.pipeline = pipeline;
        split.data = kDevices / tensor / context / pipeline;
        for (const bool sequence_parallel : {false, true}) {
          if (sequence_parallel && tensor == 1) continue;
          split.sequence_parallel = sequence_parallel;
          for (split.zero_stage = 0; split.zero_stage <= (replicas(split) > 1 ? 3 : 0); ++split.zero_stage) {
            for (const Layout& layout : ways_of(split, layers)) found.push_back(layout);
          }
          split.zero_stage = 0;
        }
      }
    }
  }
  return found;
}

std::vector<Candidate> candidates(std::int64_t layers) {
  std::vector<Candidate> found;
  for (const Layout& layout : layouts(layers)) {
    for (const std::int64_t microbatch : divisors(kBatch / layout.data)) {
      for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
        Candidate one;
        one.workload.sequence = kSequence, one.workload.global_batch = kBatch, one.workload.microbatch = microbatch;
        one.workload.dtype = "fp16", one.workload.recompute = recompute;
        one.layout = layout;
        found.push_back(one);
      }
    }
  }
  return found;
}

struct Best {
  double seconds = 1e300, bytes = 0;
  const Candidate* candidate = nullptr;
};

// Every `stride`-th candidate from `first` on, round and round, until `stop`; the fastest that fits of the first round.
std::int64_t evaluate(const StepModel& step, const MemoryModel& memory, const std::vector<Candidate>& all,
                      std::size_t first, std::size_t stride, double capacity, const std::atomic<bool>& stop,
                      Best& best) {
  std::int64_t done = 0;
  for (bool again = true; again;) {
    for (std::size_t i = first; i < all.size(); i += stride, ++done) {
      const double seconds = step.time(all[i].workload, all[i].layout).total();
      const double bytes = memory.worst(all[i].workload, all[i].layout).total();
      if (bytes <= capacity && seconds < best.seconds) best = {seconds, bytes, &all[i]};
      if (stop.load(std::memory_order_relaxed) && done >= static_cast<std::int64_t>(all.size() / stride)) break;
    }
    again = !stop.load(std::memory_order_relaxed);
  }
  return done;
}

std::string_view value_of(std::string_view option, int count, char** arguments, std::string_view otherwise) {
  for (int i = 1; i + 1 < count; ++i) {
    if (arguments[i] == option) return arguments[i + 1];
  }
  return otherwise;
}

}  // namespace

int main(int count, char** arguments) {
  const double wanted = std::atof(std::string(value_of("--seconds", count, arguments, "5")).c_str());
  const int threads = std::atoi(std::string(value_of("--threads", count, arguments, "2")).c_str());
  const std::filesystem::path configs = std::filesystem::path(MOBASIM_SOURCE_FOLDER) / "configs";
  const ModelShape model = model_from(configs / "models/megatron-22b.yaml");
  const Device device = device_from(configs / "devices/a100-sxm.yaml");
  const Stack stack = stack_from(configs / "stacks/megatron-lm-2022.yaml");
  const double capacity = allocatable(device).value();

  std::vector<Candidate> all = candidates(layers(model));
  const std::size_t enumerated = all.size();
  const Clock::time_point checking = Clock::now();
  std::erase_if(all, [&](const Candidate& one) { return !refusals(model, one.workload, one.layout, device).empty(); });
  const double checked = seconds_since(checking);

  const StepModel step(model, device, stack, {}, "fp16", kSequence);
  const MemoryModel memory(model, stack, attention_kernels(model, device, stack, {}, "fp16", kSequence), "fp16",
                           kSequence);
  std::atomic<bool> stop = false;
  std::vector<std::int64_t> done(static_cast<std::size_t>(threads));
  std::vector<Best> best(done.size());
  std::vector<std::thread> workers;
  const Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < done.size(); ++i) {
    workers.emplace_back([&, i] { done[i] = evaluate(step, memory, all, i, done.size(), capacity, stop, best[i]); });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(wanted));
  stop = true;
  for (std::thread& worker : workers) worker.join();
  const double took = seconds_since(start);

  std::int64_t evaluations = 0;
  for (const std::int64_t of_thread : done) evaluations += of_thread;
  fmt::print("{:.0f} evaluations/s of {} layouts on {} threads\n", static_cast<double>(evaluations) / took, all.size(),
             threads);
  fmt::print("{:.0f} refusals/s of {} layouts enumerated, one thread\n", static_cast<double>(enumerated) / checked,
             enumerated);
  const Best& fastest =
      *std::min_element(best.begin(), best.end(), [](const Best& a, const Best& b) { return a.seconds < b.seconds; });
  if (fastest.candidate == nullptr) return fmt::print("no layout fits\n"), 1;
  fmt::print("fastest that fits: {}, microbatch {}, recompute {}: {:.3f} s, {:.1f} GB\n",
             description(fastest.candidate->layout), fastest.candidate->workload.microbatch,
             name(fastest.candidate->workload.recompute), fastest.seconds, fastest.bytes / 1e9);
  return 0;
}
