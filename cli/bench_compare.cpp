// mobasim bench compare: two benches beside each other.
#include "cli/bench_compare.h"

#include <memory>

#include "kernels/bench/compare.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Compare two benches: B / A of the median times, shape by shape, with a 95% interval.

A and B are profiles (NAME.profile.csv, with NAME.samples.csv beside it), folders with one profile, or devices. verdict:
same (the whole interval is within the tolerance of 1), else faster or slower (it does not hold 1), else ambiguous. why
an ambiguous one is: disturbed, machine_differed, few_samples, no_spread or wide_interval.

Example:
  mobasim bench compare before after --format table)";

struct Options {
  std::string a, b;
  double tolerance = 0.02;
  Output output;
};

std::filesystem::path profile_of(const std::string& name) {
  const std::filesystem::path path = name;
  if (std::filesystem::is_directory(path)) return kernels::bench::profile_in(path);
  if (path.extension() == ".csv") return path;
  std::filesystem::path beside = config_file("devices", name);
  return beside.replace_extension(".profile.csv");
}

int compare(const Options& options) {
  kernels::bench::CompareOptions rules;
  rules.tolerance = options.tolerance;
  const auto a = profile_of(options.a), b = profile_of(options.b);
  check_output(options.output.file, {a, b});
  const kernels::bench::CompareResult result =
      kernels::bench::compared(kernels::bench::measurements_from(a), kernels::bench::measurements_from(b), rules);
  for (const std::string& warning : result.warnings) tell(warning);
  print(kernels::bench::comparison_table(result), options.output);
  tell(kernels::bench::comparison_summary(result, rules));
  return 0;
}

}  // namespace

void add_bench_compare(Command bench) {
  Command command = bench.command("compare", kDescription);
  const auto options = std::make_shared<Options>();
  command.option("A", options->a, "profile, folder or device").required();
  command.option("B", options->b, "likewise").required();
  command.option("--tolerance", options->tolerance, "ratios this near to 1 are the same: 0 to 1").default_in_help();
  add_output_options(command, options->output);
  command.action([options] { return compare(*options); });
}

}  // namespace mobasim::cli
