// mobasim bench: times the kernels on this machine and writes it down as a device.
#include "kernels/bench.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "kernels/bench_files.h"
#include "kernels/cuda/bench_files.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/device/device.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Time this machine: attention (full and MoBA, forward and backward), matrix products, memory, peak.

Prints the profile, one row a shape: median and quartiles. With -o also writes the device DIR/NAME.yaml, which plan and
project take, its profile, every sample, and how it all came to be.

With --backend cuda the GPU at hand: whole passes of the CUDA kernels, and each stage of them, on shapes of a GPU's size.
-o then writes DIR/NAME.profile.csv (name it in a device's YAML as its profile), NAME.stages.csv and the rest.
--dry-run shows what would run with its FLOPs and bytes, and the least time that a device could take (a roofline, not a
measurement); it needs no GPU.

Examples:
  mobasim bench -o out                      one minute; out/cpu-local.yaml
  mobasim bench --budget 300 --threads 1    longer, on one thread, only printed
  mobasim bench --backend cuda --dry-run --device h100-sxm --case gpu_moba_b512_k3_32768_d128 --format table
  mobasim bench --backend cuda --budget 300 -o out --name my-gpu)";

struct Options {
  std::filesystem::path folder;
  std::string name, format = "csv", backend = "cpu", device = "h100-sxm", dtype = "bf16";
  std::vector<std::string> cases;
  double budget = 60;
  int threads = 0;
  bool dry_run = false;
};

void tell_about(const kernels::BenchResult& result) {
  if (!result.left_out.empty()) {
    tell(fmt::format("the budget did not reach {} shapes, from '{}' on; a longer --budget does", result.left_out.size(),
                     result.left_out.front()));
  }
  if (kernels::clock_drift(result) > 0.05) {
    tell(
        fmt::format("the peak varied by {:.0f}% through the run: the machine is busy or its clock moves, and the times "
                    "are as noisy",
                    100 * kernels::clock_drift(result)));
  }
}

int bench_cpu(const Options& options) {
  kernels::BenchOptions bench_options;
  bench_options.budget = Seconds(options.budget);
  bench_options.threads = options.threads;
  bench_options.stop = interrupted;
  bench_options.progress = show_progress;
  const kernels::BenchResult result = kernels::bench(bench_options);
  end_progress();
  if (result.stopped) throw Interrupted{};
  tell_about(result);
  if (!options.folder.empty()) kernels::write_bench(result, bench_options, options.folder, options.name);
  print(profile_table(result.rows), {options.format, {}});
  return 0;
}

std::vector<kernels::Case> gpu_cases(const Options& options) {
  const std::vector<kernels::Case> all = kernels::cases_for(kernels::Purpose::time_gpu);
  std::vector<kernels::Case> chosen;
  for (const std::string& name : options.cases) chosen.push_back(kernels::case_named(all, name));
  return options.cases.empty() ? all : chosen;
}

int dry_run(const Options& options) {
  const DeviceProfile device = device_from(config_file("devices", options.device));
  const auto peak = device.peak.find(options.dtype);
  if (peak == device.peak.end()) {
    throw ConfigError(fmt::format("device {} has no peak for {}", device.name, options.dtype));
  }
  print(kernels::cuda::dry_run_table(gpu_cases(options), peak->second, device.memory_bandwidth), {options.format, {}});
  tell(
      fmt::format("nothing was run: floor_s is the least time by the peak ({:.4g} TFLOP/s) and the memory bandwidth "
                  "({:.4g} TB/s) of {}",
                  peak->second.value() / 1e12, device.memory_bandwidth.value() / 1e12, device.name));
  return 0;
}

int bench_gpu(const Options& options) {
  namespace cuda = kernels::cuda;
  cuda::GpuBenchOptions bench_options;
  bench_options.cases = gpu_cases(options);
  const cuda::Target& target = cuda::cuda_target();
  const cuda::Gpu gpu = cuda::this_gpu();
  cuda::check_is_gpu(target, bench_options.clock);
  bench_options.budget = Seconds(options.budget);
  bench_options.dtype = options.dtype == "fp16" ? kernels::Dtype::fp16 : kernels::Dtype::bf16;
  bench_options.input_pool = Bytes(2.0 * static_cast<double>(gpu.cache_bytes));
  bench_options.stop = interrupted;
  bench_options.progress = show_progress;
  const cuda::GpuBenchResult result = cuda::bench_gpu(target, bench_options);
  end_progress();
  if (result.stopped) throw Interrupted{};
  for (const std::string& why : result.left_out) tell("left out: " + why);
  if (!options.folder.empty()) cuda::write_gpu_bench(result, bench_options, gpu, options.folder, options.name);
  print(profile_table(result.rows), {options.format, {}});
  return 0;
}

int bench(Options options) {
  if (options.name.empty()) options.name = options.backend == "cpu" ? "cpu-local" : "gpu-local";
  kernels::check_device_name(options.name);
  if (options.backend == "cpu" && (options.dry_run || !options.cases.empty())) {
    throw ConfigError("--dry-run and --case are for --backend cuda");
  }
  if (options.dry_run) return dry_run(options);
  if (!options.folder.empty()) make_directories(options.folder);  // before a minute is spent
  return options.backend == "cpu" ? bench_cpu(options) : bench_gpu(options);
}

}  // namespace

void add_bench(CLI::App& program, Action& chosen) {
  CLI::App* command = program.add_subcommand("bench", kDescription);
  const auto options = std::make_shared<Options>();
  command->add_option("-o,--output", options->folder, "folder for the device and its profile");
  command->add_option("--name", options->name, "name of the device; cpu-local or gpu-local");
  command->add_option("--backend", options->backend, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command->add_option("--dtype", options->dtype, "cuda: bf16 or fp16")
      ->check(CLI::IsMember({"bf16", "fp16"}))
      ->capture_default_str();
  command->add_option("--case", options->cases, "cuda: only the case of this name; may be repeated");
  command->add_flag("--dry-run", options->dry_run, "cuda: show what would run, and its roofline on --device");
  command->add_option("--device", options->device, "dry run: the device to hold it against, a name or a file")
      ->capture_default_str();
  command->add_option("--budget", options->budget, "seconds to spend")->capture_default_str();
  command->add_option("--threads", options->threads, "threads; 0: all processors")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  command->add_option("--format", options->format, "csv, json or table")
      ->check(CLI::IsMember({"csv", "json", "table"}))
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return bench(*options); }; });
}

}  // namespace mobasim::cli
