// mobasim bench: times the kernels on this machine and writes it down as a device.
#include "kernels/bench/bench.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/bench_compare.h"
#include "cli/command.h"
#include "kernels/bench/files.h"
#include "kernels/bench/gpu_files.h"
#include "kernels/bench/journal.h"
#include "kernels/bench/notes.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/device/device.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Time this machine: attention (full and MoBA, forward and backward), matrix products, memory, peak.

Prints the profile, one row a shape: median and quartiles. With -o also writes the device DIR/NAME.yaml, which plan and
project take, its profile, every sample, and how it all came to be. What is stopped by Ctrl-C or killed goes on with
--resume. bench compare A B holds two profiles against each other.

With --backend cuda the GPU at hand: whole passes of the CUDA kernels, and each stage of them, on shapes of a GPU's size.
-o then writes DIR/NAME.profile.csv (name it in a device's YAML as its profile), NAME.stages.csv and the rest.
--dry-run shows what would run with its FLOPs and bytes, and the least time that a device could take (a roofline, not a
measurement); it needs no GPU.

Examples:
  mobasim bench -o out                      one minute; out/cpu-local.yaml
  mobasim bench --budget 300 --threads 1    longer, on one thread, only printed
  mobasim bench --case time_full_4096_d64 --dtype bf16 --instruction-set avx512
  mobasim bench compare before/cpu-local.profile.csv after/cpu-local.profile.csv --format table
  mobasim bench --backend cuda --dry-run --device h100-sxm --case gpu_moba_b512_k3_32768_d128 --format table
  mobasim bench --backend cuda --budget 300 -o out --name my-gpu)";

struct Options {
  std::filesystem::path folder;
  std::string name, format = "csv", backend = "cpu", device = "h100-sxm", dtype, instruction_set;
  std::vector<std::string> cases, only;
  double budget = 60;
  int threads = 0;
  bool dry_run = false, resume = false;
};

std::vector<kernels::Dtype> dtypes_of(const std::string& word) {
  if (word.empty()) return {};
  if (word == "both") return {kernels::Dtype::f32, kernels::Dtype::bf16};
  if (word == "f32" || word == "bf16") return {kernels::dtype_named(word)};
  throw ConfigError(fmt::format("--dtype {}: on the processor there are f32, bf16 and both", word));
}

// The journal of this bench, where files are asked for; an interrupted one is gone on with or replaced.
std::optional<kernels::bench::GroupJournal> journal_for(const Options& options, kernels::bench::Options& bench) {
  if (options.folder.empty()) return std::nullopt;
  const std::filesystem::path file = options.folder / (options.name + ".partial.csv");
  const Identity identity = kernels::bench::identity_of(bench);
  const bool interrupted_before = std::filesystem::exists(file);
  if (options.resume && !interrupted_before) {
    throw ConfigError(fmt::format("there is nothing to resume: {} is not there; without --resume the bench begins anew",
                                  file.string()));
  }
  if (!options.resume) {
    if (interrupted_before) {
      tell(fmt::format("{} was of an interrupted bench and begins anew; --resume would have gone on", file.string()));
    }
    return kernels::bench::GroupJournal(file, identity);
  }
  kernels::bench::GroupJournal journal = kernels::bench::GroupJournal::resumed(file, identity);
  bench.before = journal.groups();
  tell(fmt::format("resumed: {} groups were done", bench.before.size()));
  return journal;
}

// A device must not stay behind with the profile of a bench that measured only a part of it.
void check_folder(const Options& options, const kernels::bench::Options& bench) {
  const std::filesystem::path device = options.folder / (options.name + ".yaml");
  if (options.folder.empty() || kernels::bench::may_describe_device(bench) || !std::filesystem::exists(device)) return;
  throw ConfigError(fmt::format("{} is a device, and this bench measures only a part of one: give another --name or -o",
                                device.string()));
}

int bench_cpu(const Options& options) {
  kernels::bench::Options bench_options;
  bench_options.budget = Seconds(options.budget);
  bench_options.threads = options.threads;
  bench_options.instruction_set = options.instruction_set;
  bench_options.dtypes = dtypes_of(options.dtype);
  bench_options.only = options.only;
  bench_options.cases = options.cases;
  bench_options.progress = terminal_progress();
  bench_options = kernels::bench::completed(bench_options);
  check_folder(options, bench_options);
  if (!options.folder.empty()) make_directories(options.folder);  // before a minute is spent
  std::optional<kernels::bench::GroupJournal> journal = journal_for(options, bench_options);
  if (journal) bench_options.finished = [&](const kernels::bench::FinishedGroup& group) { journal->append(group); };
  const kernels::bench::Result result = kernels::bench::result_of(bench_options);
  end_progress();
  if (result.stopped) {
    if (journal) tell("what was done is kept; bench with --resume and the same options goes on from there");
    throw Stopped{};
  }
  for (const std::string& note : notes_on(result)) tell(note);
  if (journal) {
    kernels::bench::write_result(result, bench_options, options.folder, options.name);
    journal->remove();
    if (!kernels::bench::describes_device(result)) tell("only a part was measured: no device file was written");
  }
  print(profile_table(kernels::bench::profile_rows(result.rows)), {options.format, {}});
  return 0;
}

std::vector<kernels::Case> gpu_cases(const Options& options) {
  const std::vector<kernels::Case> all = kernels::cases_for(kernels::Purpose::time_gpu);
  std::vector<kernels::Case> chosen;
  for (const std::string& name : options.cases) chosen.push_back(kernels::case_named(all, name));
  return options.cases.empty() ? all : chosen;
}

int dry_run(const Options& options) {
  const Device device = device_from(config_file("devices", options.device));
  const auto peak = device.peak.find(options.dtype);
  if (peak == device.peak.end()) {
    throw ConfigError(fmt::format("device {} has no peak for {}", device.name, options.dtype));
  }
  print(kernels::bench::dry_run_table(gpu_cases(options), peak->second, device.memory_bandwidth), {options.format, {}});
  tell(kernels::bench::dry_run_note(peak->second, device.memory_bandwidth, device.name));
  return 0;
}

int bench_gpu(const Options& options) {
  namespace cuda = kernels::cuda;
  kernels::bench::GpuOptions bench_options;
  bench_options.cases = gpu_cases(options);
  const cuda::Target& target = cuda::cuda_target();
  const cuda::Gpu gpu = cuda::this_gpu();
  kernels::bench::check_is_gpu(target, bench_options.clock);
  bench_options.budget = Seconds(options.budget);
  bench_options.dtype = options.dtype == "fp16" ? kernels::Dtype::fp16 : kernels::Dtype::bf16;
  bench_options.probe_blocks = 4 * gpu.multiprocessors;
  bench_options.input_pool = Bytes(2.0 * static_cast<double>(gpu.cache_bytes));
  bench_options.progress = terminal_progress();
  const kernels::bench::GpuResult result = kernels::bench::gpu_result_of(target, bench_options);
  end_progress();
  if (result.stopped) throw Stopped{};
  for (const std::string& note : notes_on(result)) tell(note);
  if (!options.folder.empty())
    kernels::bench::write_gpu_result(result, bench_options, gpu, options.folder, options.name);
  print(profile_table(result.rows), {options.format, {}});
  return 0;
}

int bench(Options options) {
  if (options.name.empty()) options.name = options.backend == "cpu" ? "cpu-local" : "gpu-local";
  kernels::bench::check_device_name(options.name);
  if (options.resume && options.folder.empty()) throw ConfigError("--resume needs -o, the folder to go on in");
  if (options.backend == "cpu") {
    if (options.dry_run) throw ConfigError("--dry-run is for --backend cuda");
    return bench_cpu(options);
  }
  if (options.resume || !options.only.empty() || !options.instruction_set.empty()) {
    throw ConfigError("--resume, --only and --instruction-set are for --backend cpu");
  }
  if (options.dtype.empty()) options.dtype = "bf16";
  if (options.dtype != "bf16" && options.dtype != "fp16") {
    throw ConfigError(fmt::format("--dtype {}: on a GPU there are bf16 and fp16", options.dtype));
  }
  if (options.dry_run) return dry_run(options);
  if (!options.folder.empty()) make_directories(options.folder);
  return bench_gpu(options);
}

}  // namespace

void add_bench(Command program) {
  Command command = program.command("bench", kDescription);
  const auto options = std::make_shared<Options>();
  command.option("-o,--output", options->folder, "folder for the device and its profile");
  command.option("--name", options->name, "name of the device; cpu-local or gpu-local");
  command.option("--backend", options->backend, "cpu or cuda").one_of({"cpu", "cuda"}).default_in_help();
  command.option("--dtype", options->dtype,
                 "cpu: f32, bf16 or both; by default f32, and bf16 where the processor multiplies it. "
                 "cuda: bf16 (default) or fp16");
  command.option("--case", options->cases, "only the attention of this name; may be repeated");
  command.option("--only", options->only, "cpu: only this part: gemm, attention, layer or memory; may be repeated");
  command.option("--instruction-set", options->instruction_set, "cpu: of the attention kernels; default: the best");
  command.flag("--resume", options->resume, "cpu: go on with the bench that was interrupted in -o");
  command.flag("--dry-run", options->dry_run, "cuda: show what would run, and its roofline on --device");
  command.option("--device", options->device, "dry run: the device to hold it against, a name or a file")
      .default_in_help();
  command.option("--budget", options->budget, "seconds to spend").default_in_help();
  command.option("--threads", options->threads, "threads; 0: all processors").between(0, 4096).default_in_help();
  command.option("--format", options->format, "csv, json or table").one_of({"csv", "json", "table"}).default_in_help();
  add_bench_compare(command);
  command.action([options] { return bench(*options); });
}

}  // namespace mobasim::cli
