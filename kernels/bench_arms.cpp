#include "kernels/bench_arms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/parallel.h"
#include "kernels/gemm.h"
#include "kernels/work.h"

namespace mobasim::kernels {
namespace {

template <class Work>
double seconds_of(const Work& work) {
  const double begin = now();
  work();
  return now() - begin;
}

ProfileRow row_of(std::string operation, std::string implementation) {
  ProfileRow row;
  row.operation = std::move(operation);
  row.implementation = std::move(implementation);
  row.dtype = "f32";
  return row;
}

// One run is a forward pass and the backward pass of it, timed apart.
Arm attention_arm(const Problem& problem, InputPool& pool, int threads) {
  struct Outputs {
    Forward<float> forward;
    Gradients<float> gradients;
  };
  const auto out = std::make_shared<Outputs>();
  return {[problem, &pool, threads, out] {
    const std::size_t queries = static_cast<std::size_t>(query_size(problem));
    const std::size_t keys = static_cast<std::size_t>(key_size(problem));
    const Inputs<float> inputs{pool.next(queries), pool.next(keys), pool.next(keys), pool.next(queries)};
    const CpuOptions options{threads, nullptr};
    const double forward = seconds_of([&] { cpu_forward(problem, inputs, options, out->forward); });
    const double backward = seconds_of([&] { cpu_backward(problem, inputs, out->forward, options, out->gradients); });
    return std::vector<double>{forward, backward};
  }};
}

std::size_t input_floats(const Problem& problem) {
  return static_cast<std::size_t>(2 * query_size(problem) + 2 * key_size(problem));
}

}  // namespace

ProfileRow attention_row(const Problem& problem, std::string implementation, std::string_view dtype, const char* pass) {
  ProfileRow row = row_of("attention", std::move(implementation));
  row.dtype = dtype;
  row.mechanism = name(problem.mechanism);
  row.pass = pass;
  row.sequence = problem.cu_seqlens[1];
  row.batch = sequences(problem);
  row.heads = problem.heads;
  row.kv_heads = problem.kv_heads;
  row.head_dim = problem.head_dim;
  row.block = problem.block;
  row.top_k = problem.top_k;
  row.window = problem.window;
  row.flops = pass == std::string_view("forward") ? forward_flops(problem) : backward_flops(problem);
  return row;
}

void set_measured(ProfileRow& row, const std::vector<double>& samples) {
  const Quartiles found = quartiles(samples);
  row.time = Seconds(found.median);
  row.time_lo = Seconds(found.lo);
  row.time_hi = Seconds(found.hi);
  row.samples = static_cast<std::int64_t>(samples.size());
  row.basis = Basis::measured;
}

InputPool::InputPool(std::size_t floats, std::uint64_t seed) : values_(floats) {
  // Normal values with a period that is no multiple of a row's length: 30 ns a value would take seconds for all.
  std::vector<float> period(std::min<std::size_t>(floats, (std::size_t{1} << 20) + 7));
  fill_normal(period, seed);
  for (std::size_t at = 0; at < floats; at += period.size()) {
    std::copy_n(period.data(), std::min(period.size(), floats - at), values_.data() + at);
  }
}

std::span<const float> InputPool::next(std::size_t floats) {
  if (at_ + floats > values_.size()) at_ = 0;
  const std::span<const float> window(values_.data() + at_, floats);
  at_ += (floats + 15) / 16 * 16;
  return window;
}

Group peak_group(int threads) {
  constexpr double kMultiplyAdds = 1e9;  // a thread and run: tens of milliseconds
  Group group{"peak of multiply-adds", {}, {{row_of("fma_peak", "mobasim_cpu")}}, {}, true};
  group.rows[0][0].flops = Flops(2 * kMultiplyAdds * threads);
  group.work = group.rows[0][0].flops;
  group.arms.push_back({[threads] {
    const MicroKernels& micro = *micro_kernels().front();
    Buffer<float> sinks(static_cast<std::size_t>(16 * threads), 0.0f);
    return std::vector<double>{seconds_of([&] {
      parallel_for(threads, threads,
                   [&](std::int64_t i, int) { (void)micro.multiply_adds(kMultiplyAdds, sinks.data() + 16 * i); });
    })};
  }});
  return group;
}

Group copy_group(std::size_t bytes, int threads) {
  Group group{fmt::format("copy of {} MB", bytes / 1000000), {}, {{row_of("memory_copy", "memcpy")}}, {}, true};
  group.rows[0][0].bytes = Bytes(2 * static_cast<double>(bytes));  // read and written
  struct Blocks {
    Buffer<char> from, to;
  };
  const auto blocks = std::make_shared<Blocks>(Blocks{Buffer<char>(bytes, 1), Buffer<char>(bytes, 0)});
  group.arms.push_back({[bytes, threads, blocks] {
    return std::vector<double>{seconds_of([&] {
      parallel_for(threads, threads, [&](std::int64_t i, int) {
        const std::size_t first = bytes * static_cast<std::size_t>(i) / static_cast<std::size_t>(threads);
        const std::size_t last = bytes * static_cast<std::size_t>(i + 1) / static_cast<std::size_t>(threads);
        std::memcpy(blocks->to.data() + first, blocks->from.data() + first, last - first);
      });
    })};
  }});
  return group;
}

Group gemm_group(const GemmCase& gemm, InputPool& pool, int threads) {
  Group group{fmt::format("matrix product {} x {} x {}", gemm.m, gemm.n, gemm.k), {}, {{row_of("gemm", "onednn")}}, {}};
  ProfileRow& row = group.rows[0][0];
  row.m = gemm.m;
  row.n = gemm.n;
  row.k = gemm.k;
  row.flops = Flops(2.0 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k));
  group.work = row.flops;
  const auto c = std::make_shared<Buffer<float>>(static_cast<std::size_t>(gemm.m * gemm.n), 0.0f);
  const auto product = std::make_shared<MatrixProduct>(ProductShape{gemm.m, gemm.n, gemm.k}, threads);
  group.arms.push_back({[gemm, &pool, product, c] {
    const std::span<const float> a = pool.next(static_cast<std::size_t>(gemm.m * gemm.k));
    const std::span<const float> b = pool.next(static_cast<std::size_t>(gemm.k * gemm.n));
    return std::vector<double>{seconds_of([&] { product->run(a.data(), b.data(), c->data()); })};
  }});
  return group;
}

Group attention_group(const std::vector<Case>& cases, InputPool& pool, int threads) {
  const Problem& first = cases.front().problem;
  Group group{fmt::format("attention, {} tokens, head_dim {}", first.cu_seqlens[1], first.head_dim), {}, {}, {}};
  for (const Case& row : cases) {
    const Flops forward = forward_flops(row.problem), backward = backward_flops(row.problem);
    group.arms.push_back(attention_arm(row.problem, pool, threads));
    group.rows.push_back({attention_row(row.problem, "mobasim_cpu", "f32", "forward"),
                          attention_row(row.problem, "mobasim_cpu", "f32", "backward")});
    group.work += forward + 1.25 * backward;  // one product is computed again
  }
  return group;
}

std::size_t largest_input() {
  std::size_t largest = 0;
  for (const Case& row : cases_for(Purpose::time)) largest = std::max(largest, input_floats(row.problem));
  for (const GemmCase& gemm : gemm_cases()) {
    largest = std::max(largest, static_cast<std::size_t>(gemm.m * gemm.k + gemm.k * gemm.n));
  }
  return largest + 64;  // windows begin on multiples of 16
}

}  // namespace mobasim::kernels
