// How fast a space of executions is searched, and how fast a new point of another space is ready to be evaluated.
//
// Evaluations: everything that may be chosen for a 22B model on 8 A100s that no rule refuses, time and memory both,
// over and over on a few threads for a few seconds. Points: an 8B model on 64 H100s, another sequence, block and top_k
// each time: making its Evaluator and evaluating one execution, against evaluating alone.
//
// Rates are by CPU time of this process, so that what else runs on the machine counts little.
//
//   evaluations_benchmark [--seconds 5] [--threads 2]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/parallel.h"
#include "sim/cost/evaluator.h"
#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/run/refusals.h"
#include "sim/search/execution_space.h"
#include "sim/stack/stack.h"

using namespace mobasim;

namespace {

// CPU seconds of this process, all its threads together.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

const std::filesystem::path kConfigs = std::filesystem::path(MOBASIM_SOURCE_FOLDER) / "configs";

struct Setup {
  ModelShape model;
  Device device;
  Stack stack;
  Workload workload;
  std::int64_t devices;
};

Setup search_setup() {
  return {model_from(kConfigs / "models/megatron-22b.yaml"),
          device_from(kConfigs / "devices/a100-sxm.yaml"),
          stack_from(kConfigs / "stacks/megatron-lm-2022.yaml"),
          {.sequence = 2048, .global_batch = 64, .tokens = 1e9, .dtype = "fp16"},
          8};
}

Setup sweep_setup() {
  return {model_from(kConfigs / "models/llama-3.1-8b.yaml"),
          device_from(kConfigs / "devices/h100-sxm.yaml"),
          Stack{},
          {.sequence = 32768, .global_batch = 256, .tokens = 1e9, .dtype = "bf16"},
          64};
}

Evaluator evaluator_of(const Setup& setup, std::shared_ptr<const DeviceTables> tables) {
  return {setup.model, std::move(tables), setup.stack, {}, setup.workload.sequence};
}

std::vector<Execution> allowed_executions(const Setup& setup) {
  const ExecutionSpace space = every_execution(setup.model, setup.workload.global_batch, setup.devices);
  const double start = cpu_seconds();
  std::vector<Execution> found;
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const Execution execution = space.at(i);
    if (allowed(setup.model, setup.workload, execution, setup.device)) found.push_back(execution);
  }
  fmt::print("executions enumerated and checked: {:.0f} a CPU second, {} of {} allowed\n",
             static_cast<double>(space.size()) / (cpu_seconds() - start), found.size(), space.size());
  return found;
}

constexpr std::int64_t kBetweenClocks = 256;  // evaluations

struct Fastest {
  double seconds = 1e300, bytes = 0;
  const Execution* execution = nullptr;
};

using Clock = std::chrono::steady_clock;

// Every `stride`-th execution from `first` on, round and round until `end`, the first round whole; how many.
std::int64_t evaluate(const Evaluator& evaluator, std::int64_t batch, const std::vector<Execution>& all,
                      std::size_t first, std::size_t stride, Clock::time_point end, Fastest& fastest) {
  std::int64_t done = 0;
  for (bool first_round = true; first_round || Clock::now() < end; first_round = false) {
    for (std::size_t i = first; i < all.size(); i += stride, ++done) {
      if (!first_round && done % kBetweenClocks == 0 && Clock::now() >= end) break;
      const Evaluation found = evaluator.evaluate(batch, all[i]);
      if (found.fits && found.time.total() < fastest.seconds) {
        fastest = {found.time.total(), found.memory.total(), &all[i]};
      }
    }
  }
  return done;
}

bool search_benchmark(double wanted, std::size_t threads) {
  const Setup setup = search_setup();
  const std::vector<Execution> all = allowed_executions(setup);
  const Evaluator evaluator =
      evaluator_of(setup, std::make_shared<const DeviceTables>(setup.device, setup.workload.dtype));
  std::vector<std::int64_t> done(threads);
  std::vector<Fastest> best(threads);
  const double start = cpu_seconds();
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(wanted));
  in_parallel(static_cast<std::int64_t>(threads), static_cast<int>(threads), [&](std::size_t i) {
    done[i] = evaluate(evaluator, setup.workload.global_batch, all, i, threads, end, best[i]);
  });
  const double took = cpu_seconds() - start;
  std::int64_t evaluations = 0;
  for (const std::int64_t of_thread : done) evaluations += of_thread;
  fmt::print("evaluations: {:.0f} a CPU second, of {} executions, {} threads\n",
             static_cast<double>(evaluations) / took, all.size(), threads);
  const Fastest& fastest =
      *std::ranges::min_element(best, [](const Fastest& a, const Fastest& b) { return a.seconds < b.seconds; });
  if (fastest.execution == nullptr) return fmt::print("no execution fits\n"), false;
  fmt::print("fastest that fits: {}, microbatch {}, recompute {}: {:.3f} s, {:.1f} GB\n",
             description(fastest.execution->layout), fastest.execution->microbatch, name(fastest.execution->recompute),
             fastest.seconds, fastest.bytes / 1e9);
  return true;
}

// Microseconds a call takes, over half a second.
template <class Call>
double microseconds(Call call) {
  const double start = cpu_seconds();
  std::int64_t calls = 0;
  do {
    for (int i = 0; i < 64; ++i) call(calls++);
  } while (cpu_seconds() - start < 0.5);
  return (cpu_seconds() - start) / static_cast<double>(calls) * 1e6;
}

void sweep_benchmark() {
  Setup setup = sweep_setup();
  const double start = cpu_seconds();
  const auto tables = std::make_shared<const DeviceTables>(setup.device, setup.workload.dtype);
  fmt::print("tables of a device: {:.0f} us, once\n", (cpu_seconds() - start) * 1e6);
  Execution execution;
  execution.layout = {.tensor = 4, .sequence_parallel = true, .context = 2, .data = 8, .zero_stage = 1};
  const Evaluator evaluator = evaluator_of(setup, tables);
  double sum = 0;
  const double alone = microseconds(
      [&](std::int64_t) { sum += evaluator.evaluate(setup.workload.global_batch, execution).time.total(); });
  const double point = microseconds([&](std::int64_t i) {
    setup.workload.sequence = 16384 << (i % 4);
    setup.model.groups.front().attention = Moba{512 << (i % 3), 2 + i % 7};
    sum += evaluator_of(setup, tables).evaluate(setup.workload.global_batch, execution).time.total();
  });
  fmt::print("one more execution: {:.2f} us; another sequence, block and top_k: {:.1f} us, {:.0f} times as much{}\n",
             alone, point, point / alone, sum > 0 ? "" : "?");
}

std::string_view value_of(std::string_view option, int count, char** arguments, std::string_view otherwise) {
  for (int i = 1; i + 1 < count; ++i) {
    if (arguments[i] == option) return arguments[i + 1];
  }
  return otherwise;
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = std::atof(std::string(value_of("--seconds", count, arguments, "5")).c_str());
  const int threads = std::atoi(std::string(value_of("--threads", count, arguments, "2")).c_str());
  sweep_benchmark();
  return search_benchmark(seconds, static_cast<std::size_t>(std::max(threads, 1))) ? 0 : 1;
}
