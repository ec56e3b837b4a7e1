#include "kernels/cpu/attention.h"

#include <type_traits>

#include "kernels/cpu/backward.h"
#include "kernels/cpu/causal.h"
#include "kernels/cpu/context.h"
#include "kernels/cpu/moba.h"
#include "kernels/cpu/parallel.h"
#include "sim/base/error.h"

namespace mobasim::kernels::cpu {
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
template <class T>
void set_deltas(const Problem& problem, const Inputs<T>& inputs, const Forward<T>& forward, int threads,
                Buffer<float>& delta) {
  const std::int64_t rows = tokens(problem) * problem.heads, dim = problem.head_dim;
  delta.grow(static_cast<std::size_t>(rows));
  constexpr std::int64_t kRowsATask = 1024;
  parallel_for((rows + kRowsATask - 1) / kRowsATask, threads, [&](std::int64_t task, int) {
    for (std::int64_t i = task * kRowsATask; i < std::min(rows, (task + 1) * kRowsATask); ++i) {
      const T *o = forward.o.data() + i * dim, *d_o = inputs.d_o.data() + i * dim;
      double sum = 0;
      for (std::int64_t c = 0; c < dim; ++c) {
        sum += static_cast<double>(widened(o[c])) * static_cast<double>(widened(d_o[c]));
      }
      delta[static_cast<std::size_t>(i)] = static_cast<float>(sum);
    }
  });
}

// Pairs of keys need blocks of an even number of them.
template <class T>
const Arithmetic& arithmetic_for(const Problem& problem, const MicroKernels& micro) {
  const bool odd = problem.mechanism == Mechanism::moba && problem.block % 2 != 0;
  return kDtype<T> == Dtype::bf16 && !odd ? micro.bf16 : micro.f32;
}

template <class T>
Context context_of(const Problem& problem, const Inputs<T>& inputs, const Options& options, KeysFor pass,
                   Workspace::Parts& memory) {
  check_inputs(problem, inputs.q.size(), inputs.k.size(), inputs.v.size());
  if (problem.mechanism == Mechanism::sliding_window) {
    throw Unsupported("sliding-window attention on the cpu backend", "only the reference computes it so far");
  }
  const MicroKernels& micro = options.micro != nullptr ? *options.micro : *micro_kernels().front();
  const Arithmetic& arithmetic = arithmetic_for<T>(problem, micro);
  const int threads = thread_count(options.threads);
  pack_keys(problem, {inputs.k, problem.kv_heads, problem.head_dim}, {inputs.v, problem.kv_heads, problem.head_dim},
            arithmetic.values, pass, micro, threads, memory.keys);
  if (!memory.tiles.empty() && memory.tiles.front().head_dim != problem.head_dim) memory.tiles.clear();
  while (static_cast<int>(memory.tiles.size()) < threads * kTilesAThread) memory.tiles.emplace_back(problem.head_dim);
  return {problem,
          micro,
          arithmetic,
          threads,
          kDtype<T> == Dtype::bf16 ? Dtype::bf16 : options.mean_keys,
          {inputs.q, problem.heads, problem.head_dim},
          {inputs.d_o, problem.heads, problem.head_dim},
          memory.keys,
          memory.tiles,
          memory.gradients,
          memory};
}

template <class T>
void forward_of(const Problem& problem, const Inputs<T>& inputs, const Options& options, Forward<T>& out) {
  Workspace own;
  Context context =
      context_of(problem, inputs, options, KeysFor::forward, (options.workspace ? *options.workspace : own).parts());
  const std::size_t rows = static_cast<std::size_t>(tokens(problem) * problem.heads);
  out.o.resize(static_cast<std::size_t>(query_size(problem)));
  out.lse.resize(rows);
  out.selection.picks.assign(rows * static_cast<std::size_t>(slots_of(problem)), -1);
  context.o = out.o.data();
  context.written_lse = out.lse.data();
  const Plan plan = plan_of(problem);
  causal_forward(context, plan.causal);
  moba_forward(context, plan.routed, out.selection);
}

void set_to_0(Buffer<float>& values, std::int64_t size, int threads) {
  values.grow(static_cast<std::size_t>(size));
  constexpr std::int64_t kValuesATask = std::int64_t{1} << 16;
  parallel_for((size + kValuesATask - 1) / kValuesATask, threads, [&](std::int64_t i, int) {
    std::fill(values.data() + i * kValuesATask, values.data() + std::min(size, (i + 1) * kValuesATask), 0.0f);
  });
}

template <class T>
void backward_of(const Problem& problem, const Inputs<T>& inputs, const Forward<T>& forward, const Options& options,
                 Gradients<T>& out) {
  Workspace own;
  Workspace::Parts& memory = (options.workspace ? *options.workspace : own).parts();
  Context context = context_of(problem, inputs, options, KeysFor::backward, memory);
  check_backward(problem, inputs.d_o.size(), forward.o.size(), forward.lse.size(), forward.selection.picks.size());
  const std::int64_t columns = padded(problem.head_dim), count = tokens(problem);
  set_to_0(memory.gradients.dq, problem.heads * count * columns, context.threads);
  set_to_0(memory.gradients.dk, problem.kv_heads * count * columns, context.threads);
  set_to_0(memory.gradients.dv, problem.kv_heads * count * columns, context.threads);
  set_deltas(problem, inputs, forward, context.threads, memory.delta);
  context.delta = memory.delta.data();
  context.lse = forward.lse.data();
  const Plan plan = plan_of(problem);
  add_gradients(context, plan.causal, plan.routed, forward.selection);
  out.dq.resize(static_cast<std::size_t>(query_size(problem)));
  out.dk.resize(static_cast<std::size_t>(key_size(problem)));
  out.dv.resize(static_cast<std::size_t>(key_size(problem)));
  unpack<T>(out.dq, memory.gradients.dq, problem, problem.heads, context.micro, context.threads);
  unpack<T>(out.dk, memory.gradients.dk, problem, problem.kv_heads, context.micro, context.threads);
  unpack<T>(out.dv, memory.gradients.dv, problem, problem.kv_heads, context.micro, context.threads);
}

}  // namespace

Workspace::Workspace() : parts_(std::make_unique<Parts>()) {}
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;

void forward(const Problem& problem, const Inputs<float>& inputs, const Options& options, Forward<float>& out) {
  forward_of(problem, inputs, options, out);
}
void forward(const Problem& problem, const Inputs<Bf16>& inputs, const Options& options, Forward<Bf16>& out) {
  forward_of(problem, inputs, options, out);
}
void backward(const Problem& problem, const Inputs<float>& inputs, const Forward<float>& forward,
              const Options& options, Gradients<float>& out) {
  backward_of(problem, inputs, forward, options, out);
}
void backward(const Problem& problem, const Inputs<Bf16>& inputs, const Forward<Bf16>& forward, const Options& options,
              Gradients<Bf16>& out) {
  backward_of(problem, inputs, forward, options, out);
}

}  // namespace mobasim::kernels::cpu
