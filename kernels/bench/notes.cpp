#include "kernels/bench/notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/bench/timing.h"

namespace mobasim::kernels::bench {

std::vector<std::string> notes_on(const Result& result) {
  std::vector<std::string> notes;
  for (const std::string& what : result.unsupported) notes.push_back("left out: " + what);
  if (!result.left_out.empty()) {
    notes.push_back(fmt::format("the budget did not reach {} shapes, from '{}' on; a longer --budget does",
                                result.left_out.size(), result.left_out.front()));
  }
  const SampleCount count = sample_count(result);
  if (count.discarded > 0) {
    notes.push_back(fmt::format("{} of {} samples were discarded: the machine was slower beside them", count.discarded,
                                count.taken));
  }
  const auto disturbed = std::count_if(result.rows.begin(), result.rows.end(), [](const MeasuredRow& row) {
    return row.row.sampling == name(Ending::disturbed);
  });
  if (disturbed > 0) {
    notes.push_back(fmt::format(
        "{} rows are of a disturbed machine throughout (column sampling): their times are too long", disturbed));
  }
  if (result.load.known && result.load.others + result.load.stolen > 0.05) {
    notes.push_back(fmt::format("other processes had {:.0f}% of the processors, and other machines {:.0f}%",
                                100 * result.load.others, 100 * result.load.stolen));
  }
  return notes;
}

std::vector<std::string> notes_on(const GpuResult& result) {
  std::vector<std::string> notes;
  for (const std::string& why : result.left_out) notes.push_back("left out: " + why);
  return notes;
}

std::string dry_run_note(FlopRate peak, ByteRate bandwidth, const std::string& device) {
  return fmt::format(
      "nothing was run: floor_s is the least time by the peak ({:.4g} TFLOP/s) and the memory bandwidth "
      "({:.4g} TB/s) of {}",
      peak.value() / 1e12, bandwidth.value() / 1e12, device);
}

}  // namespace mobasim::kernels::bench
