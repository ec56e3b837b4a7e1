#include "kernels/cpu/attention.h"

#include "kernels/cpu/backward.h"
#include "kernels/cpu/causal.h"
#include "kernels/cpu/moba.h"
#include "kernels/cpu/parallel.h"
#include "sim/base/error.h"

namespace mobasim::kernels {
namespace {

// How the sequences of a problem are computed: those without a gate as causal runs, the others by MoBA.
struct Plan {
  std::vector<Run> causal;  // whole sequences, or blocks for top_k = 1
  std::vector<Run> routed;  // sequences
};

Plan plan_of(const Problem& problem) {
  Plan plan;
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const Run sequence{problem.cu_seqlens[i], problem.cu_seqlens[i + 1]};
    const std::int64_t length = sequence.end - sequence.begin;
    if (length == 0) continue;
    if (routes(problem, length)) {
      plan.routed.push_back(sequence);
    } else if (problem.mechanism == Mechanism::moba && problem.top_k < blocks_of(problem, length)) {
      const std::vector<Run> blocks = own_blocks(problem, sequence);
      plan.causal.insert(plan.causal.end(), blocks.begin(), blocks.end());
    } else {
      plan.causal.push_back(sequence);
    }
  }
  return plan;
}

// delta = rowsum(d_o * o) over the merged output: [tokens, heads].
std::vector<float> deltas(const CpuContext& context, const Forward<float>& forward) {
  const std::int64_t rows = tokens(context.problem) * context.problem.heads, dim = context.problem.head_dim;
  std::vector<float> delta(static_cast<std::size_t>(rows));
  constexpr std::int64_t kRowsATask = 1024;
  parallel_for((rows + kRowsATask - 1) / kRowsATask, context.threads, [&](std::int64_t task, int) {
    for (std::int64_t i = task * kRowsATask; i < std::min(rows, (task + 1) * kRowsATask); ++i) {
      const float *o = forward.o.data() + i * dim, *d_o = context.inputs.d_o.data() + i * dim;
      double sum = 0;
      for (std::int64_t c = 0; c < dim; ++c) sum += static_cast<double>(o[c]) * static_cast<double>(d_o[c]);
      delta[static_cast<std::size_t>(i)] = static_cast<float>(sum);
    }
  });
  return delta;
}

}  // namespace

namespace {

std::vector<float> wide(std::span<const Bf16> values) {
  std::vector<float> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = widened(values[i]);
  return out;
}
std::vector<Bf16> narrow(const std::vector<float>& values) {
  std::vector<Bf16> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = narrowed(values[i]);
  return out;
}

}  // namespace

void cpu_forward(const Problem& problem, const Inputs<Bf16>& inputs, const CpuOptions& options, Forward<Bf16>& out) {
  const std::vector<float> q = wide(inputs.q), k = wide(inputs.k), v = wide(inputs.v);
  Forward<float> result;
  CpuOptions own = options;
  own.mean_keys = Dtype::bf16;
  cpu_forward(problem, Inputs<float>{q, k, v, {}}, own, result);
  out = {narrow(result.o), std::move(result.lse), std::move(result.selection)};
}

void cpu_backward(const Problem& problem, const Inputs<Bf16>& inputs, const Forward<Bf16>& forward,
                  const CpuOptions& options, Gradients<Bf16>& out) {
  const std::vector<float> q = wide(inputs.q), k = wide(inputs.k), v = wide(inputs.v), d_o = wide(inputs.d_o);
  Gradients<float> result;
  cpu_backward(problem, Inputs<float>{q, k, v, d_o}, {wide(forward.o), forward.lse, forward.selection}, options,
               result);
  out = {narrow(result.dq), narrow(result.dk), narrow(result.dv)};
}

namespace {

CpuContext cpu_context(const Problem& problem, const Inputs<float>& inputs, const CpuOptions& options) {
  check_inputs(problem, inputs.q.size(), inputs.k.size(), inputs.v.size());
  if (problem.mechanism == Mechanism::sliding_window) {
    throw Unsupported("sliding-window attention on the cpu backend", "only the reference computes it so far");
  }
  CpuContext context{problem,
                     inputs,
                     options.micro != nullptr ? *options.micro : *micro_kernels().front(),
                     thread_count(options.threads),
                     options.mean_keys,
                     {},
                     {}};
  context.keys = packed_keys(problem, inputs, context.threads);
  for (int i = 0; i < context.threads; ++i) context.tiles.emplace_back(problem.head_dim);
  return context;
}

}  // namespace

void cpu_forward(const Problem& problem, const Inputs<float>& inputs, const CpuOptions& options, Forward<float>& out) {
  CpuContext context = cpu_context(problem, inputs, options);
  const std::size_t rows = static_cast<std::size_t>(tokens(problem) * problem.heads);
  out.o.resize(static_cast<std::size_t>(query_size(problem)));
  out.lse.resize(rows);
  out.selection.picks.assign(rows * static_cast<std::size_t>(slots_of(problem)), -1);
  context.o = out.o.data();
  context.lse = out.lse.data();
  const Plan plan = plan_of(problem);
  causal_forward(context, plan.causal);
  moba_forward(context, plan.routed, out.selection);
}

void cpu_backward(const Problem& problem, const Inputs<float>& inputs, const Forward<float>& forward,
                  const CpuOptions& options, Gradients<float>& out) {
  CpuContext context = cpu_context(problem, inputs, options);
  check_backward(problem, inputs.d_o.size(), forward.o.size(), forward.lse.size(), forward.selection.picks.size());
  const std::size_t keys = context.keys.k.size();
  const std::size_t queries = static_cast<std::size_t>(problem.heads * context.keys.tokens * context.keys.columns);
  context.gradients = {Buffer<float>(queries, 0.0f), Buffer<float>(keys, 0.0f), Buffer<float>(keys, 0.0f)};
  const std::vector<float> delta = deltas(context, forward);
  context.delta = delta.data();
  context.lse = const_cast<double*>(forward.lse.data());
  const Plan plan = plan_of(problem);
  add_gradients(context, plan.causal, plan.routed, forward.selection);
  out.dq.resize(static_cast<std::size_t>(query_size(problem)));
  out.dk.resize(static_cast<std::size_t>(key_size(problem)));
  out.dv.resize(static_cast<std::size_t>(key_size(problem)));
  unpack(out.dq, context.gradients.dq, problem, problem.heads, context.threads);
  unpack(out.dk, context.gradients.dk, problem, problem.kv_heads, context.threads);
  unpack(out.dv, context.gradients.dv, problem, problem.kv_heads, context.threads);
}

}  // namespace mobasim::kernels
