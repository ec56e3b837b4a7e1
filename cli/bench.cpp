// mobasim bench: times the kernels on this machine and writes it down as a device.
#include "kernels/bench.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "kernels/bench_files.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Time this machine: attention (full and MoBA, forward and backward), matrix products, memory, peak.

Prints the profile, one row a shape: median and quartiles. With -o also writes the device DIR/NAME.yaml, which plan and
project take, its profile, every sample, and how it all came to be.

Examples:
  mobasim bench -o out                      one minute; out/cpu-local.yaml
  mobasim bench --budget 300 --threads 1    longer, on one thread, only printed)";

struct Options {
  std::filesystem::path folder;
  std::string name = "cpu-local", format = "csv";
  double budget = 60;
  int threads = 0;
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

int bench(const Options& options) {
  kernels::check_device_name(options.name);
  if (!options.folder.empty()) make_directories(options.folder);  // before a minute is spent
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

}  // namespace

void add_bench(CLI::App& program, Action& chosen) {
  CLI::App* command = program.add_subcommand("bench", kDescription);
  const auto options = std::make_shared<Options>();
  command->add_option("-o,--output", options->folder, "folder for the device and its profile");
  command->add_option("--name", options->name, "name of the device")->capture_default_str();
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
