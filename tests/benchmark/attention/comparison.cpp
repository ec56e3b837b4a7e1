#include "tests/benchmark/attention/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "kernels/bench/timing.h"
#include "kernels/cpu/attention.h"
#include "kernels/cpu/parallel.h"
#include "kernels/work.h"
#include "tests/benchmark/attention/contenders.h"

namespace mobasim::benchmark {
namespace {

using kernels::Dtype;

using Note = std::function<void(const std::string&)>;

template <class Work>
double timed(int runs, const Work& work) {
  const double begin = kernels::bench::now();
  for (int run = 0; run < runs; ++run) work();
  return (kernels::bench::now() - begin) / runs;
}

// A sample is so many runs, each way of computing a shape the same: about 10 ms a thread at 1e11 FLOP/s, so that a
// moment of something else on the machine is not all of it. One where there is but one round: its times mean nothing.
int runs_of(const Problem& full, int threads, const ComparisonRules& rules) {
  constexpr double kLeastFlops = 1e9;
  if (rules.rounds == 1) return 1;
  return static_cast<int>(std::ceil(kLeastFlops * threads / kernels::forward_flops(full).value()));
}

template <class T>
kernels::bench::Arm own_arm(const Problem& problem, const Inputs<T>& inputs, int threads, int runs) {
  const auto out = std::make_shared<Results<T>>();
  const auto workspace = std::make_shared<kernels::cpu::Workspace>();
  return {[problem, inputs, threads, runs, out, workspace] {
    kernels::cpu::Options options;
    options.threads = threads;
    options.workspace = workspace.get();
    const double forward = timed(runs, [&] { kernels::cpu::forward(problem, inputs, options, out->forward); });
    const double backward =
        timed(runs, [&] { kernels::cpu::backward(problem, inputs, out->forward, options, out->gradients); });
    return std::vector<double>{forward, backward};
  }};
}

template <class T>
kernels::bench::Arm arm_of(const Yardstick<T>& forward, const Yardstick<T>& backward, const Inputs<T>& inputs,
                           int runs) {
  const auto out = std::make_shared<Results<T>>();
  return {[forward, backward, inputs, runs, out] {
    const double seconds = timed(runs, [&] { forward.forward(inputs, out->forward); });
    return std::vector<double>{seconds, timed(runs, [&] { backward.backward(inputs, out->forward, out->gradients); })};
  }};
}

struct Chosen {
  TileSize forward, backward;
};

// The fastest of some sizes of tiles, each by its fastest run: on the shape itself or, where that takes long, on one of
// 4096 tokens.
template <class T>
std::optional<Chosen> chosen_tiles(const Library<T>& library, const Problem& problem, int threads,
                                   const ComparisonRules& rules) {
  constexpr TileSize kCandidates[] = {{128, 128}, {128, 512}, {256, 256}, {256, 512}, {256, 1024}};
  constexpr std::int64_t kLongest = 4096;
  Problem trial = problem;
  trial.cu_seqlens = {0, std::min(kLongest, kernels::tokens(problem))};
  const Operands<T> operands(trial);
  Chosen chosen{kCandidates[0], kCandidates[0]};
  double least_forward = std::numeric_limits<double>::infinity(), least_backward = least_forward;
  for (const TileSize size : kCandidates) {
    if (size.keys > kernels::tokens(trial) || rules.stop()) continue;
    std::optional<TileProducts<T>> products = library.products(trial, size);
    if (!products) return std::nullopt;
    const Yardstick<T> made = yardstick(trial, size, threads, std::move(*products));
    const kernels::bench::Arm arm = arm_of(made, made, operands.view(), runs_of(trial, threads, rules));
    for (int run = 0; run < std::min(3, rules.rounds); ++run) {
      const std::vector<double> seconds = arm.run();
      if (seconds[0] < least_forward) least_forward = seconds[0], chosen.forward = size;
      if (seconds[1] < least_backward) least_backward = seconds[1], chosen.backward = size;
    }
  }
  return chosen;
}

// Multiply-adds on registers of the numbers that a product is made of; nullptr where the processor has none of bf16.
template <class T>
double (*multiply_adds())(double, float*) {
  const kernels::cpu::MicroKernels& micro = *kernels::cpu::micro_kernels().front();
  return std::is_same_v<T, float> ? micro.multiply_adds : micro.dot_products;
}

// FLOP/s of each run.
kernels::bench::Arm peak_arm(double (*probe)(double, float*), double count, int threads) {
  struct alignas(64) Sink {
    float values[16];
  };
  return {[probe, count, threads] {
    std::vector<Sink> sinks(static_cast<std::size_t>(threads));
    std::vector<double> done(sinks.size());
    const double seconds = timed(1, [&] {
      kernels::cpu::parallel_for(threads, threads, [&](std::int64_t i, int) {
        done[static_cast<std::size_t>(i)] = probe(count, sinks[static_cast<std::size_t>(i)].values);
      });
    });
    return std::vector<double>{2 * std::accumulate(done.begin(), done.end(), 0.0) / seconds};
  }};
}

// What runs in turns: arms[i] is of timed[i]; the last arm may be the probe of the peak.
struct Field {
  std::vector<kernels::bench::Arm> arms;
  std::vector<Timed> timed;
  void add(kernels::bench::Arm arm, const char* implementation, const Problem& problem, std::string tiles = "") {
    arms.push_back(std::move(arm));
    timed.push_back({implementation, problem, std::move(tiles), {}, {}});
  }
};

template <class T>
void add_yardsticks(Field& field, const Problem& full, const Inputs<T>& inputs, int threads,
                    const ComparisonRules& rules, const Note& note) {
  for (const Library<T>& library : libraries<T>(threads, rules.openblas, rules.onednn)) {
    const std::optional<Chosen> tiles = chosen_tiles(library, full, threads, rules);
    if (!tiles) {
      note(fmt::format("{} is left out: it is not there, or has no products of such numbers", library.name));
      continue;
    }
    const auto made = [&](TileSize size) { return yardstick(full, size, threads, *library.products(full, size)); };
    field.add(arm_of(made(tiles->forward), made(tiles->backward), inputs, runs_of(full, threads, rules)), library.name,
              full,
              fmt::format("{}x{} {}x{}", tiles->forward.queries, tiles->forward.keys, tiles->backward.queries,
                          tiles->backward.keys));
  }
}

template <class T>
void add_moba(Field& field, const Problem& full, const Inputs<T>& inputs, int threads, int runs) {
  struct Setting {
    std::int64_t block, top_k;
  };
  for (const Setting& setting : {Setting{512, 3}, Setting{128, 8}}) {
    Problem problem = full;
    problem.mechanism = kernels::Mechanism::moba;
    problem.block = setting.block;
    problem.top_k = setting.top_k;
    if (!kernels::routes(problem, kernels::tokens(problem))) continue;  // it would be full attention
    field.add(own_arm<T>(problem, inputs, threads, runs), "mobasim", problem);
  }
}

template <class T>
Comparison compared_in(const Problem& full, int threads, const ComparisonRules& rules, const Note& note) {
  const Operands<T> operands(full);
  const int runs = runs_of(full, threads, rules);
  Field field;
  field.add(own_arm<T>(full, operands.view(), threads, runs), "mobasim", full);
  add_yardsticks(field, full, operands.view(), threads, rules, note);
  if (rules.moba) add_moba(field, full, operands.view(), threads, runs);
  const auto probe = multiply_adds<T>();
  // As long as a sample of a forward pass, up to some 100 ms.
  const double count = std::min(5e9, kernels::forward_flops(full).value() / 2 * runs / threads);
  if (probe != nullptr) field.arms.push_back(peak_arm(probe, count, threads));
  kernels::bench::Sampling sampling;
  sampling.rules.most_rounds = sampling.rules.settled_rounds = rules.rounds;
  sampling.seconds = rules.seconds;
  sampling.stop = rules.stop;
  kernels::Random random(1);
  const kernels::bench::Sampled taken = kernels::bench::sampled(field.arms, sampling, random);
  std::size_t rounds = taken.arms[0].size();
  for (const auto& arm : taken.arms) rounds = std::min(rounds, arm.size());
  Comparison found{threads, {}, {}, {}};
  if (rounds == 0) return found;
  found.timed = std::move(field.timed);
  const auto whole = [&](const std::vector<kernels::bench::Run>& arm, std::size_t pass) {
    std::vector<double> times = kernels::bench::kept_times(arm, pass);
    return times.resize(rounds), times;
  };
  for (std::size_t i = 0; i < found.timed.size(); ++i) {
    found.timed[i].forward = whole(taken.arms[i], 0);
    found.timed[i].backward = whole(taken.arms[i], 1);
  }
  if (probe != nullptr) found.peak = whole(taken.arms.back(), 0);
  return found;
}

}  // namespace

Comparison compared(const Problem& full, Dtype dtype, int threads, const ComparisonRules& rules, const Note& note) {
  Comparison found = dtype == Dtype::bf16 ? compared_in<Bf16>(full, threads, rules, note)
                                          : compared_in<float>(full, threads, rules, note);
  found.dtype = dtype;
  return found;
}

}  // namespace mobasim::benchmark
