#include "kernels/bench/arms.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/cpu/attention.h"
#include "kernels/fill.h"
#include "kernels/layer/gemm.h"
#include "kernels/work.h"
#include "sim/base/error.h"

namespace mobasim::kernels::bench {
namespace {

template <class Work>
double seconds_of(const Work& work) {
  const double begin = now();
  work();
  return now() - begin;
}

// One run is a forward pass and the backward pass of it, timed apart.
template <class T>
Arm attention_arm(const Problem& problem, const ArmOptions& options) {
  struct Outputs {
    Forward<T> forward;
    Gradients<T> gradients;
    cpu::Workspace workspace;
  };
  const auto out = std::make_shared<Outputs>();
  cpu::Options passes;
  passes.threads = options.threads;
  passes.micro = options.micro;
  passes.workspace = &out->workspace;
  return {[problem, &pool = pool_of<T>(*options.pools), passes, out] {
    const std::size_t queries = static_cast<std::size_t>(query_size(problem));
    const std::size_t keys = static_cast<std::size_t>(key_size(problem));
    const Inputs<T> inputs{pool.next(queries), pool.next(keys), pool.next(keys), pool.next(queries)};
    const double forward = seconds_of([&] { cpu::forward(problem, inputs, passes, out->forward); });
    const double backward = seconds_of([&] { cpu::backward(problem, inputs, out->forward, passes, out->gradients); });
    return std::vector<double>{forward, backward};
  }};
}

template <class T>
Arm gemm_arm(const GemmCase& gemm, Dtype dtype, const ArmOptions& options) {
  const auto product = std::make_shared<Gemm>(GemmShape{gemm.m, gemm.n, gemm.k, dtype}, options.threads);
  const auto c = std::make_shared<cpu::Buffer<T>>(0);
  return {[gemm, &pool = pool_of<T>(*options.pools), product, c] {
    const std::span<const T> a = pool.next(static_cast<std::size_t>(gemm.m * gemm.k));
    const std::span<const T> b = pool.next(static_cast<std::size_t>(gemm.k * gemm.n));
    c->grow(static_cast<std::size_t>(gemm.m * gemm.n));  // in the first round, which is not kept
    return std::vector<double>{seconds_of([&] { product->run(a.data(), b.data(), c->data()); })};
  }};
}

}  // namespace

ProfileRow attention_row(const Problem& problem, std::string implementation, std::string_view dtype, const char* pass) {
  ProfileRow row;
  row.operation = "attention";
  row.implementation = std::move(implementation);
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

template <class T>
InputPool<T>::InputPool(std::size_t values, std::uint64_t seed) : values_(values) {
  if (values == 0) return;
  // Normal values with a period that is no multiple of a row's length: 30 ns a value would take seconds for all.
  std::vector<float> normal(std::min<std::size_t>(values, (std::size_t{1} << 20) + 7));
  fill_normal(normal, seed);
  std::vector<T> period(normal.size());
  std::transform(normal.begin(), normal.end(), period.begin(), [](float value) {
    if constexpr (std::is_same_v<T, Bf16>) {
      return narrowed(value);
    } else {
      return value;
    }
  });
  for (std::size_t at = 0; at < values; at += period.size()) {
    std::copy_n(period.data(), std::min(period.size(), values - at), values_.data() + at);
  }
}

template <class T>
std::span<const T> InputPool<T>::next(std::size_t values) {
  constexpr std::size_t kLine = 64 / sizeof(T);  // windows begin on lines of the cache
  if (at_ + values > values_.size()) at_ = 0;
  const std::span<const T> window(values_.data() + at_, values);
  at_ += (values + kLine - 1) / kLine * kLine;
  return window;
}

template class InputPool<float>;
template class InputPool<Bf16>;

Group gemm_group(const GemmCase& gemm, const ArmOptions& options, std::vector<std::string>& left_out) {
  Group group;
  group.name = fmt::format("matrix product {} x {} x {}", gemm.m, gemm.n, gemm.k);
  for (const Dtype dtype : options.dtypes) {
    try {
      group.arms.push_back(dtype == Dtype::f32 ? gemm_arm<float>(gemm, dtype, options)
                                               : gemm_arm<Bf16>(gemm, dtype, options));
    } catch (const Unsupported& error) {
      if (std::find(left_out.begin(), left_out.end(), error.what()) == left_out.end()) left_out.push_back(error.what());
      continue;
    }
    ProfileRow row;
    row.operation = "gemm";
    row.implementation = "onednn";
    row.dtype = name(dtype);
    row.m = gemm.m;
    row.n = gemm.n;
    row.k = gemm.k;
    row.threads = options.threads;
    row.flops = Flops(2.0 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k));
    group.rows.push_back({row});
    group.work.push_back(row.flops);
    group.kinds.push_back(fmt::format("gemm {}", row.dtype));
  }
  return group;
}

Group attention_group(const std::vector<Case>& cases, const ArmOptions& options) {
  const Problem& first = cases.front().problem;
  Group group;
  group.name = fmt::format("attention, {} tokens, head_dim {}", first.cu_seqlens[1], first.head_dim);
  for (const Dtype dtype : options.dtypes) {
    for (const Case& row : cases) {
      group.arms.push_back(dtype == Dtype::f32 ? attention_arm<float>(row.problem, options)
                                               : attention_arm<Bf16>(row.problem, options));
      group.rows.emplace_back();
      for (const char* pass : {"forward", "backward"}) {
        group.rows.back().push_back(attention_row(row.problem, "mobasim_cpu", name(dtype), pass));
        group.rows.back().back().threads = options.threads;
      }
      // One product is computed again in the backward pass.
      group.work.push_back(forward_flops(row.problem) + 1.25 * backward_flops(row.problem));
      group.kinds.push_back(fmt::format("{} {}", name(row.problem.mechanism), name(dtype)));
    }
  }
  return group;
}

std::size_t largest_input(const std::vector<Case>& cases) {
  std::int64_t largest = 0;
  for (const Case& row : cases) largest = std::max(largest, 2 * query_size(row.problem) + 2 * key_size(row.problem));
  for (const GemmCase& gemm : gemm_cases()) largest = std::max(largest, gemm.m * gemm.k + gemm.k * gemm.n);
  for (const LayerShape& layer : layer_cases()) largest = std::max(largest, 2 * layer.sequence * layer.hidden);
  return static_cast<std::size_t>(largest) + 4 * 64;  // windows begin on lines of the cache
}

}  // namespace mobasim::kernels::bench
