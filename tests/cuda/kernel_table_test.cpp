// The table of docs/kernels.md is what nvcc compiled. MOBASIM_UPDATE=1 in the environment writes it.
#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "kernels/cuda/memory.h"
#include "kernels/cuda/run.h"
#include "kernels/simt/executor.h"
#include "tests/catch.h"
#include "tests/cuda/compiled_kernels.h"
#include "tests/cuda/machine_code.h"
#include "tests/cuda/occupancy.h"

namespace mobasim::tests::kernel_table_test {
namespace {

constexpr const char* kBegin = "<!-- begin generated: compiled kernels -->\n";
constexpr const char* kEnd = "<!-- end generated: compiled kernels -->\n";

struct Launched {
  int threads = 0, shared_bytes = 0;
};
using Launches = std::map<std::string, Launched>;  // by the names of CompiledKernel

// Of what run() launches on the executor.
template <class Run>
void add_launches(Launches& launches, const Run& run) {
  kernels::simt::ExecutorOptions executor;
  executor.count_memory = false;
  const kernels::simt::Session session(executor);
  run(kernels::cuda::simt_target());
  for (const kernels::simt::KernelCounters& kernel : session.counters()) {
    Launched& launched = launches[without_element(kernel.kernel)];
    launched.threads = std::max(launched.threads, static_cast<int>(kernel.threads));
    launched.shared_bytes = std::max(launched.shared_bytes, static_cast<int>(kernel.shared_bytes));
  }
}

void add_launches(Launches& launches, const kernels::Problem& problem, bool backward, bool deterministic) {
  kernels::Tensors tensors = kernels::filled(problem, kernels::Fill::normal, 1);
  if (!backward) tensors.d_o.clear();
  kernels::KernelOptions options;
  options.deterministic = deterministic;
  add_launches(launches, [&](const kernels::cuda::Target& target) {
    (void)kernels::cuda::computed_on(target, problem, tensors, kernels::Dtype::bf16, options);
  });
}

void add_peak(Launches& launches) {
  add_launches(launches, [](const kernels::cuda::Target& target) {
    const kernels::cuda::Memory sink(target, kernels::cuda::kPeakThreads * sizeof(float), "sink");
    target.peak(kernels::cuda::Element::bf16, {static_cast<float*>(sink.data()), 1}, 1, nullptr);
  });
}

// Of problems that launch every kernel: both mechanisms and head sizes, blocks of 64 and 128, and each length of the
// gate's sorted list.
Launches launches_of_all_kernels() {
  Launches launches;
  add_peak(launches);
  for (const std::int64_t head_dim : {64, 128}) {
    for (const bool deterministic : {false, true}) {
      kernels::Problem full;
      full.cu_seqlens = {0, 150};
      full.head_dim = head_dim;
      add_launches(launches, full, true, deterministic);
      kernels::Problem moba = full;
      moba.mechanism = kernels::Mechanism::moba;
      moba.block = deterministic ? 128 : 64;
      moba.top_k = 3;
      moba.cu_seqlens = {0, 5 * moba.block};
      add_launches(launches, moba, true, deterministic);
    }
    for (const std::int64_t top_k : {8, 16, 32, 64}) {
      kernels::Problem moba;
      moba.mechanism = kernels::Mechanism::moba;
      moba.head_dim = head_dim;
      moba.block = 64;
      moba.top_k = top_k;
      moba.cu_seqlens = {0, 64 * top_k + 1};
      add_launches(launches, moba, false, false);
    }
  }
  return launches;
}

struct Compiled {
  CompiledKernel at_80, at_90;
  MachineCode code;
};

std::map<std::string, Compiled> compiled_by_name(const std::vector<std::filesystem::path>& objects) {
  std::map<std::string, Compiled> kernels;
  for (const CompiledKernel& kernel : compiled_kernels(objects)) {
    if (kernel.architecture == 80) kernels[kernel.name].at_80 = kernel;
    if (kernel.architecture == 90) kernels[kernel.name].at_90 = kernel;
  }
  for (const std::filesystem::path& object : objects) {
    for (const MachineCode& code : machine_code(file_content(object))) kernels[code.name].code = code;
  }
  return kernels;
}

int spilled(const CompiledKernel& kernel) { return std::max(kernel.spill_stores_bytes, kernel.spill_loads_bytes); }

std::string row_of(const std::string& name, const Compiled& kernel, const Launched& launched) {
  const auto warps = [&](const Multiprocessor& machine, const CompiledKernel& compiled) {
    return resident_warps(machine, launched.threads, compiled.registers, launched.shared_bytes);
  };
  const std::string loop =
      kernel.code.loop_mma == 0
          ? "-"
          : fmt::format("{:.2f}", static_cast<double>(kernel.code.loop_instructions) / kernel.code.loop_mma);
  return fmt::format("| `{}` | {} | {:.1f} | {}, {} | {}, {} | {}, {} | {} | {} | {} |\n", name, launched.threads,
                     launched.shared_bytes / 1024.0, kernel.at_80.registers, kernel.at_90.registers,
                     spilled(kernel.at_80), spilled(kernel.at_90), warps(kA100, kernel.at_80),
                     warps(kH100, kernel.at_90), kernel.code.instructions, kernel.code.mma, loop);
}

std::string compiler_line() { return "Compiled by nvcc " + nvcc_build().version + ".\n"; }

std::string table_of(const std::map<std::string, Compiled>& kernels, const Launches& launches) {
  std::string table =
      compiler_line() +
      "\n"
      "| kernel | threads | shared KB | registers 8.0, 9.0 | spilled bytes | warps on a multiprocessor of A100, H100 | "
      "instructions | mma | instructions per mma of the main loop |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& [name, kernel] : kernels) {
    if (const auto launched = launches.find(name); launched != launches.end()) {
      table += row_of(name, kernel, launched->second);
    }
  }
  return table;
}

TEST_CASE("warps on a multiprocessor are bounded by registers, shared memory, threads and blocks") {
  CHECK(resident_warps(kA100, 128, 255, 48 * 1024) == 8);
  CHECK(resident_warps(kA100, 128, 168, 80 * 1024) == 8);
  CHECK(resident_warps(kH100, 128, 168, 80 * 1024) == 8);
  CHECK(resident_warps(kH100, 128, 128, 72 * 1024) == 12);
  CHECK(resident_warps(kA100, 256, 32, 0) == 64);
  CHECK(resident_warps(kA100, 32, 32, 0) == 32);
}

TEST_CASE("the table of docs/kernels.md is what nvcc compiled, and every kernel is launched") {
  const std::map<std::string, Compiled> kernels = compiled_by_name(kernel_objects());
  const Launches launches = launches_of_all_kernels();
  for (const auto& [name, kernel] : kernels) {
    INFO(name);
    REQUIRE(launches.contains(name));  // what a test that is skipped further down checked would not show
    REQUIRE(kernel.code.instructions > 0);
  }
  const std::filesystem::path page_file = source_folder() / "docs/kernels.md";
  const std::string page = file_content(page_file), table = table_of(kernels, launches);
  const std::size_t begin = page.find(kBegin) + std::string(kBegin).size(), end = page.find(kEnd);
  REQUIRE(begin <= end);
  REQUIRE(end != std::string::npos);
  const bool updates = std::getenv("MOBASIM_UPDATE") != nullptr;
  if (!updates && page.find(compiler_line()) == std::string::npos) {
    MOBASIM_SKIP(("the table is of another nvcc than " + nvcc_build().version).c_str());
  }
  if (updates) put_file(page_file, page.substr(0, begin) + table + page.substr(end));
  INFO("MOBASIM_UPDATE=1 in the environment writes the table anew");
  CHECK(file_content(page_file).substr(begin, table.size() + std::string(kEnd).size()) == table + kEnd);
}

}  // namespace
}  // namespace mobasim::tests::kernel_table_test
