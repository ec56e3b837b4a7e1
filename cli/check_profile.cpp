// mobasim check-profile: how well a device's measured table predicts what is left out of it.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "sim/base/text.h"
#include "sim/check/profile_check.h"

namespace mobasim::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  mobasim check-profile out/cpu-local.yaml --format table
  mobasim check-profile out/cpu-local.yaml --max-median 0.03 --max-p90 0.08 --max-layer 0.1    exit code 1 above any

Every shape of the table is left out in turn and predicted from the others, as `mobasim plan` would. error = predicted /
measured - 1. Shapes with measured neighbours on all sides are inner ones; those at an end are extrapolated and do not
count for --max-median and --max-p90. A shape that cannot be predicted is told, and fails the checks that it would be
part of. What a disturbed machine measured is listed, and counts nowhere. A layer that was measured as a whole stands
beside what a plan makes of it from the other rows, forward, backward and both together. The summary goes to stderr.)";

struct Options {
  std::string device;
  CheckGoals goals;
  Output output;
};

// nan passes every comparison of CLI11's.
std::string problem_of_limit(const std::string& text) {
  const std::optional<double> limit = finite_number(text);
  return limit && *limit > 0 ? "" : fmt::format("'{}' is not a finite number above 0", text);
}

int check_profile(const Options& options) {
  const std::filesystem::path file = config_file("devices", options.device);
  const Device device = device_from(file);
  check_output(options.output.file, {file, device.profile_file});
  const ProfileCheck check = profile_check(device);
  print(check_table(check), options.output);
  fmt::print(stderr, "{}", rendered(check_summary(check), TableFormat::text));
  const CheckOutcome outcome = check_outcome(check, options.goals);
  for (const std::string& note : outcome.notes) tell(note);
  return outcome.good ? 0 : 1;
}

}  // namespace

void add_check_profile(Command program) {
  const auto options = std::make_shared<Options>();
  Command command = program.command("check-profile", "How well a device's measured table interpolates");
  command.footer(kFooter);
  command.option("device", options->device, "a name in configs/devices, or a file").required();
  command.option("--max-median", options->goals.median, "a fraction: exit code 1 where the median of |error| is above")
      .checked(problem_of_limit);
  command.option("--max-p90", options->goals.p90, "likewise for its 90th percentile").checked(problem_of_limit);
  command.option("--max-layer", options->goals.layer, "likewise for the greatest |error| of a layer, both passes")
      .checked(problem_of_limit);
  add_output_options(command, options->output);
  command.action([options] { return check_profile(*options); });
}

}  // namespace mobasim::cli
