// How fast attention is on this processor, beside the peak of its multiply-adds and beside the same attention made of
// OpenBLAS and oneDNN products: docs/performance.md.
#include <fmt/format.h>
#include <omp.h>

#include <cstdio>

#include "kernels/machine.h"
#include "kernels/timing.h"
#include "sim/base/error.h"
#include "tests/benchmark/attention/comparison.h"
#include "tests/benchmark/attention/options.h"
#include "tests/benchmark/attention/report.h"
#include "tests/benchmark/attention/yardstick.h"

using namespace mobasim;
using namespace mobasim::benchmark;

namespace {

kernels::Problem full_attention(std::int64_t length, std::int64_t heads, std::int64_t dim) {
  kernels::Problem problem;
  problem.cu_seqlens = {0, length};
  problem.heads = problem.kv_heads = heads;
  problem.head_dim = dim;
  return problem;
}

void say_where(const Options& options) {
  const kernels::Machine machine = kernels::this_machine();
  fmt::print(stderr, "{}, {} processors, {}; compiler {}\n", machine.cpu_model, machine.processors, kernels::utc_now(),
             __VERSION__);
  if (options.openblas) {
    fmt::print(stderr, "{}\n",
               openblas_version().empty() ? "OpenBLAS was not found when this was built" : openblas_version());
  }
  if (options.onednn) fmt::print(stderr, "oneDNN {}\n", onednn_version());
}

// Calls use(problem, dtype, threads) for every shape that was asked for.
template <class Use>
void for_each_shape(const Options& options, const Use& use) {
  for (const kernels::Dtype dtype : options.dtypes) {
    for (const int threads : options.threads) {
      for (const std::int64_t dim : options.dims) {
        for (const std::int64_t length : options.lengths) {
          use(full_attention(length, options.heads > 0 ? options.heads : threads, dim), dtype, threads);
        }
      }
    }
  }
}

// 0: every yardstick agrees with the kernels, and a wrong one would have been found.
int quick(const Options& options, const ComparisonRules& rules) {
  bool sound = true;
  for_each_shape(options, [&](const kernels::Problem& problem, kernels::Dtype dtype, int threads) {
    for (const std::string& line : disagreements(problem, dtype, threads, rules, false)) {
      fmt::print("wrong: {}\n", line);
      sound = false;
    }
    const bool any = rules.onednn || (rules.openblas && dtype == kernels::Dtype::f32 && !openblas_version().empty());
    if (any && disagreements(problem, dtype, threads, rules, true).empty()) {
      fmt::print("a wrong gradient is not found\n");
      sound = false;
    }
  });
  fmt::print("yardsticks and kernels agree: {}\n", sound ? "yes" : "no");
  return sound ? 0 : 1;
}

int run(const Options& options) {
  say_where(options);
  const ComparisonRules rules{options.rounds, options.seconds, options.moba, options.openblas, options.onednn};
  if (options.quick) {
    if (options.openblas && openblas_version().empty()) {
      fmt::print("MOBASIM_SKIP: OpenBLAS was not found when this was built\n");
    }
    if (const int failed = quick(options, rules); failed != 0) return failed;
  }
  std::vector<Comparison> comparisons;
  for_each_shape(options, [&](const kernels::Problem& problem, kernels::Dtype dtype, int threads) {
    const double begin = kernels::now();
    comparisons.push_back(
        compared(problem, dtype, threads, rules, [](const std::string& line) { fmt::print(stderr, "{}\n", line); }));
    fmt::print(stderr, "{}, {} threads, head_dim {}, {} tokens: {:.1f} s\n", kernels::name(dtype), threads,
               problem.head_dim, kernels::tokens(problem), kernels::now() - begin);
  });
  fmt::print("{}", rendered(report(comparisons), options.csv ? TableFormat::csv : TableFormat::text));
  for (const std::string& line : break_even_lengths(comparisons)) {
    fmt::print(stderr, "MoBA is faster from this length on, {}\n", line);
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  // A library would use all threads where it is called outside of a parallel loop; loops ask for theirs by number.
  omp_set_num_threads(1);
  try {
    const Options options = options_of(count, arguments);
    if (options.help) {
      fmt::print("{}", usage());
      return 0;
    }
    return run(options);
  } catch (const ConfigError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 3;
  }
}
