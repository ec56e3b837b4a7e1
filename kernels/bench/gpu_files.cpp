#include "kernels/bench/gpu_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/bench/files.h"
#include "kernels/bench/machine.h"
#include "mobasim_version.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

struct Pass {
  const char* name;
  std::vector<cuda::StageWork> work;
};
std::vector<Pass> passes_of(const Problem& problem) {
  return {{"forward", cuda::forward_work(problem)}, {"backward", cuda::backward_work(problem)}};
}

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

// When a sample was taken is not known of a GPU: an empty cell, not 0.
Table sample_table_of_gpu(const std::vector<MeasuredRow>& rows) {
  Table table = sample_table(rows);
  const auto at = std::find(table.columns.begin(), table.columns.end(), "at_s") - table.columns.begin();
  for (std::vector<Cell>& row : table.rows) row.at(static_cast<std::size_t>(at)) = Cell{};
  return table;
}

}  // namespace

Table dry_run_table(const std::vector<Case>& cases, FlopRate peak, ByteRate bandwidth) {
  Table table{{"case", "pass", "stage", "useful_flops", "hardware_flops", "bytes", "floor_s", "bound_by"}, {}};
  for (const Case& row : cases) {
    for (const Pass& pass : passes_of(row.problem)) {
      cuda::StageWork all{};
      Seconds floor;
      for (const cuda::StageWork& work : pass.work) {
        const Seconds least = cuda::roofline(work, peak, bandwidth);
        const char* bound = least > work.bytes / bandwidth ? "products" : "memory";
        table.rows.push_back({row.name, std::string(pass.name), std::string(name(work.stage)), work.useful.value(),
                              work.hardware.value(), work.bytes.value(), least.value(), std::string(bound)});
        all.useful += work.useful;
        all.hardware += work.hardware;
        all.bytes += work.bytes;
        floor += least;
      }
      table.rows.push_back({row.name, std::string(pass.name), std::string("all"), all.useful.value(),
                            all.hardware.value(), all.bytes.value(), floor.value(), Cell()});
    }
  }
  return table;
}

Table stage_table(const std::vector<StageTime>& stages) {
  Table table{{"case", "pass", "stage", "time_s", "time_lo_s", "time_hi_s", "samples", "useful_flops", "hardware_flops",
               "bytes"},
              {}};
  for (const StageTime& row : stages) {
    table.rows.push_back({row.case_name, row.pass, std::string(name(row.work.stage)), row.time.median, row.time.lo,
                          row.time.hi, row.samples, row.work.useful.value(), row.work.hardware.value(),
                          row.work.bytes.value()});
  }
  return table;
}

std::string provenance_json(const GpuResult& result, const GpuOptions& options, const cuda::Gpu& gpu,
                            const std::string& device) {
  std::vector<std::string> probes;
  for (const FlopRate probe : result.probes) probes.push_back(fmt::format("{:.4g}", probe.value()));
  return json_object({
      {"device", json_text(device)},
      {"date", json_text(utc_now())},
      {"program", json_text(fmt::format("mobasim {} (commit {})", kVersion, kCommit))},
      {"compiler", json_text(fmt::format("{}, {} build", kCompiler, kBuildType))},
      {"gpu", json_text(gpu.name)},
      {"compute_capability", json_text(fmt::format("{}.{}", gpu.capability_major, gpu.capability_minor))},
      {"multiprocessors", fmt::format("{}", gpu.multiprocessors)},
      {"memory_bytes", fmt::format("{}", gpu.memory_bytes)},
      {"cache_bytes", fmt::format("{}", gpu.cache_bytes)},
      {"clock_hz", shortest(gpu.clock_hz)},
      {"memory_clock_hz", shortest(gpu.memory_clock_hz)},
      {"driver", json_text(version(gpu.driver))},
      {"runtime", json_text(version(gpu.runtime))},
      {"dtype", json_text(name(options.dtype))},
      {"budget_s", shortest(options.budget.value())},
      {"spent_s", fmt::format("{:.1f}", result.spent.value())},
      {"seed", fmt::format("{}", options.seed)},
      {"inputs", json_text(fmt::format("standard normal; each run at another place of a pool of at least {:.0f} MB, "
                                       "twice the L2 cache: cold; outputs and workspace reused",
                                       options.input_pool.value() / 1e6))},
      {"timing",
       json_text("events on the stream; whole passes and passes with an event around each stage are the arms; " +
                 text(SamplingRules()))},
      {"clock_watch",
       json_text(fmt::format(
           "before and after each case a probe (mma on registers, {} blocks of {} threads, {} rounds; "
           "median of 5) must come to {} of the 90th percentile of those before that did, within {} s of rests; "
           "else the case is timed once more, then disturbed. probe_flop_per_s: straight after the "
           "case, at the clock that its own load left",
           options.probe_blocks, cuda::kPeakThreads, options.probe_rounds, SamplingRules().least_probe,
           options.patience.value()))},
      {"probes_flop_per_s", "[" + joined(probes) + "]"},
      {"flop_convention",
       json_text("useful: causal pairs only; forward 4 head_dim a pair, gate 2 head_dim a product, backward "
                 "8 head_dim a pair")},
      {"left_out", json_texts(result.left_out)},
  });
}

void write_gpu_result(const GpuResult& result, const GpuOptions& options, const cuda::Gpu& gpu,
                      const std::filesystem::path& folder, const std::string& name) {
  check_device_name(name);
  make_directories(folder);
  std::vector<MeasuredRow> rows;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    rows.push_back({result.rows[i], {}});
    rows.back().row.source = fmt::format("mobasim bench --backend cuda {} ({}) on {}", kVersion, kCommit, gpu.name);
    for (const double time : result.samples[i]) rows.back().samples.push_back({time});
  }
  write_file(folder / (name + ".profile.csv"), rendered(profile_table(profile_rows(rows)), TableFormat::csv));
  write_file(folder / (name + ".stages.csv"), rendered(stage_table(result.stages), TableFormat::csv));
  write_file(folder / (name + ".samples.csv"), rendered(sample_table_of_gpu(rows), TableFormat::csv));
  write_file(folder / (name + ".provenance.json"), provenance_json(result, options, gpu, name));
}

}  // namespace mobasim::kernels::bench
