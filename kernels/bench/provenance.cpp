#include <fmt/format.h>
#include <hwy/highway.h>

#include "kernels/bench/files.h"
#include "kernels/layer/gemm.h"
#include "mobasim_version.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

void add_machine(Fields& fields, const Result& result) {
  const Machine& machine = result.machine;
  fields.insert(fields.end(), {
                                  {"cpu_model", json_text(machine.cpu_model)},
                                  {"processors", fmt::format("{}", machine.processors)},
                                  {"threads", fmt::format("{}", result.threads)},
                                  {"affinity", json_text(affinity())},
                                  {"openmp", json_text(openmp_settings())},
                                  {"instruction_set", json_text(result.instruction_set)},
                                  {"governor", json_text(machine.governor)},
                                  {"frequency", json_text(machine.frequency)},
                                  {"boost", json_text(machine.boost)},
                                  {"smt", json_text(machine.smt)},
                                  {"system", json_text(machine.system)},
                                  {"memory_bytes", shortest(machine.memory.value())},
                                  {"last_level_cache_bytes", shortest(machine.last_level_cache.value())},
                              });
}

void add_disturbances(Fields& fields, const Result& result) {
  const SampleCount count = sample_count(result);
  const auto known = [&](double value) { return result.load.known ? fmt::format("{:.4f}", value) : "null"; };
  fields.insert(fields.end(),
                {
                    {"load_average_at_start", json_text(result.load_at_start)},
                    {"other_processes", known(result.load.others)},
                    {"stolen", known(result.load.stolen)},
                    {"preempted", fmt::format("{}", result.load.preempted)},
                    {"clock_settled", result.warmed_up ? "true" : "false"},
                    {"clock_drift", fmt::format("{:.4f}", clock_drift(result))},
                    {"samples", fmt::format("{}", count.taken)},
                    {"discarded", fmt::format("{}", count.discarded)},
                    {"discarding",
                     json_text(fmt::format("a sample is discarded where the lesser of the two probes beside it (the "
                                           "median of three parts, about a millisecond together, of f32 multiply-adds "
                                           "by all threads) is below {} of the 90th "
                                           "percentile of all probes before the last visit to its group",
                                           SamplingRules().least_probe))},
                });
}

}  // namespace

std::string json_texts(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) parts.push_back(json_text(word));
  return "[" + joined(parts) + "]";
}

std::string json_object(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out = "{\n";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out += fmt::format("  {}: {}{}\n", json_text(fields[i].first), fields[i].second, i + 1 < fields.size() ? "," : "");
  }
  return out + "}\n";
}

std::string provenance_json(const Result& result, const std::string& name, const Options& options) {
  const bool cold =
      result.machine.last_level_cache > Bytes(0) && result.input_pool >= 2 * result.machine.last_level_cache;
  std::vector<std::string> dtypes;
  for (const Dtype dtype : result.dtypes) dtypes.emplace_back(kernels::name(dtype));
  Fields fields = {
      {"device", json_text(name)},
      {"date", json_text(utc_now())},
      {"program", json_text(fmt::format("mobasim {} (commit {})", kVersion, kCommit))},
      {"compiler", json_text(fmt::format("{}, {} build", kCompiler, kBuildType))},
      {"products", json_text(gemm_library())},
      {"kernels", json_text(fmt::format("Highway {}.{}.{}", HWY_MAJOR, HWY_MINOR, HWY_PATCH))},
      {"dtypes", json_texts(dtypes)},
      {"budget_s", shortest(options.budget.value())},
      {"spent_s", fmt::format("{:.1f}", result.spent.value())},
      {"resumed", options.before.empty() ? "false" : "true"},
      {"seed", fmt::format("{}", options.seed)},
      {"inputs", json_text(fmt::format(
                     "standard normal; each run at another place of a pool of {:.0f} MB a format, {}; outputs and "
                     "workspace reused",
                     result.input_pool.value() / 1e6,
                     cold ? "at least twice the last-level cache: cold"
                          : "not known to be twice the last-level cache: perhaps hot"))},
      {"timing", json_text(text(SamplingRules()) + "; groups in several visits that lie apart")},
      {"flop_convention",
       json_text("useful: causal pairs only; forward 4 head_dim a pair, gate 2 head_dim a product, backward "
                 "8 head_dim a pair")},
      {"left_out", json_texts(result.left_out)},
      {"unsupported", json_texts(result.unsupported)},
  };
  add_machine(fields, result);
  add_disturbances(fields, result);
  return json_object(fields);
}

}  // namespace mobasim::kernels::bench
