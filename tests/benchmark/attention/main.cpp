// How fast attention is on this processor, beside the peak of its multiply-adds and beside the same attention made of
// OpenBLAS and oneDNN products: docs/performance.md.
#include <fmt/format.h>
#include <omp.h>

#include <csignal>
#include <cstdio>

#include "kernels/bench/machine.h"
#include "kernels/bench/timing.h"
#include "kernels/cpu/micro_kernels.h"
#include "sim/base/error.h"
#include "tests/benchmark/attention/agreement.h"
#include "tests/benchmark/attention/comparison.h"
#include "tests/benchmark/attention/options.h"
#include "tests/benchmark/attention/pages.h"
#include "tests/benchmark/attention/results.h"
#include "tests/benchmark/attention/yardstick.h"

using namespace mobasim;
using namespace mobasim::benchmark;

namespace {

volatile std::sig_atomic_t interruption = 0;

kernels::Problem full_attention(std::int64_t length, std::int64_t heads, std::int64_t dim) {
  kernels::Problem problem;
  problem.cu_seqlens = {0, length};
  problem.heads = problem.kv_heads = heads;
  problem.head_dim = dim;
  return problem;
}

// How the figures came to be: ahead of a CSV as comments.
std::string provenance(const Options& options) {
  const kernels::bench::Machine machine = kernels::bench::this_machine();
  std::string text = fmt::format("# {}, {} processors, {}, instruction set {}\n# g++ or clang {}\n", machine.cpu_model,
                                 machine.processors, kernels::bench::utc_now(),
                                 kernels::cpu::micro_kernels().front()->name, __VERSION__);
  if (options.openblas) {
    text += fmt::format("# {}\n",
                        openblas_version().empty() ? "OpenBLAS was not found when this was built" : openblas_version());
  }
  if (options.onednn) text += fmt::format("# oneDNN {}\n", onednn_version());
  return text;
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
    for (const std::string& line : disagreements(problem, dtype, threads, rules.openblas, rules.onednn, false)) {
      fmt::print("wrong: {}\n", line);
      sound = false;
    }
    const bool any = rules.onednn || (rules.openblas && dtype == kernels::Dtype::f32 && !openblas_version().empty());
    if (any && disagreements(problem, dtype, threads, rules.openblas, rules.onednn, true).empty()) {
      fmt::print("a wrong gradient is not found\n");
      sound = false;
    }
  });
  fmt::print("yardsticks and kernels agree: {}\n", sound ? "yes" : "no");
  return sound ? 0 : 1;
}

std::vector<Result> measured(const Options& options, const ComparisonRules& rules) {
  std::vector<Result> found;
  for_each_shape(options, [&](const kernels::Problem& problem, kernels::Dtype dtype, int threads) {
    if (interruption != 0) return;
    const double begin = kernels::bench::now();
    const Comparison comparison =
        compared(problem, dtype, threads, rules, [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
    const std::vector<Result> of_shape = results(comparison);
    found.insert(found.end(), of_shape.begin(), of_shape.end());
    fmt::print(stderr, "{}, {} threads, head_dim {}, {} tokens: {:.1f} s\n", kernels::name(dtype), threads,
               problem.head_dim, kernels::tokens(problem), kernels::bench::now() - begin);
  });
  return found;
}

void print(const std::vector<Result>& found, Options::Format format) {
  if (format == Options::Format::markdown) {
    for (const auto& page : {full_tables(found), yardstick_table(found), moba_tables(found)}) {
      fmt::print("{}{}", page, page.empty() ? "" : "\n");
    }
    fmt::print("{}", break_even_table(found));
  } else {
    fmt::print("{}", rendered(table_of(found), format == Options::Format::csv ? TableFormat::csv : TableFormat::text));
    fmt::print(stderr, "{}", break_even_table(found));
  }
}

int run(const Options& options) {
  const ComparisonRules rules{options.rounds,   options.seconds, options.moba,
                              options.openblas, options.onednn,  [] { return interruption != 0; }};
  if (options.quick) {
    if (options.openblas && openblas_version().empty()) {
      fmt::print("MOBASIM_SKIP: OpenBLAS was not found when this was built\n");
    }
    if (const int failed = quick(options, rules); failed != 0) return failed;
  }
  std::vector<Result> found;
  for (const std::filesystem::path& file : options.from) {
    const std::vector<Result> more = results_in(file);
    found.insert(found.end(), more.begin(), more.end());
  }
  if (options.from.empty()) {
    fmt::print(options.format == Options::Format::csv ? stdout : stderr, "{}", provenance(options));
    found = measured(options, rules);
  }
  print(found, options.format);
  return interruption != 0 ? 130 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  // A library would use all threads where it is called outside of a parallel loop; loops ask for theirs by number.
  omp_set_num_threads(1);
  // What was measured until then is printed.
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interruption = 1; });
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
