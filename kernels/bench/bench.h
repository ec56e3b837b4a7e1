// Times this machine: attention (full and MoBA, forward and backward), gemms, memory and the peak of its
// multiply-adds. What comes out is a device as the simulator reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/bench/machine.h"
#include "kernels/bench/machine_load.h"
#include "kernels/bench/timing.h"
#include "kernels/dtype.h"
#include "sim/base/profile.h"
#include "sim/base/progress.h"

namespace mobasim::kernels::bench {

// One time of a row, as the sidecar has it.
struct RowSample {
  double time = 0;
  double at = 0;     // seconds since the bench began
  double probe = 0;  // FLOP/s; 0: none was taken
  bool kept = true;  // counts towards the row
};

// A row with all that was measured of it.
struct MeasuredRow {
  ProfileRow row;
  std::vector<RowSample> samples;  // in the order taken
};

struct FinishedGroup {
  std::string name;
  Seconds spent;  // by the bench when the group was done
  std::vector<MeasuredRow> rows;
};

struct Options {
  Seconds budget{60};
  int threads = 0;                 // 0: as many as OpenMP would use
  std::string instruction_set;     // of the kernels; empty: the best that this processor has
  std::vector<Dtype> dtypes;       // f32, bf16; empty: f32, and bf16 where the instruction set multiplies it
  std::vector<std::string> only;   // of parts(); empty: all
  std::vector<std::string> cases;  // of attention, by name, and nothing else but the peak; empty: all
  std::uint64_t seed = 1;
  Progress progress;                  // asked between two samples whether to stop
  std::vector<FinishedGroup> before;  // by an interrupted bench of the same options: not timed again
  std::function<void(const FinishedGroup&)> finished = [](const FinishedGroup&) {};
};
[[nodiscard]] const std::vector<std::string>& parts();  // gemm, attention, layer, memory

struct Result {
  Machine machine;
  int threads = 1;
  std::string instruction_set;  // of the CPU kernels
  std::vector<Dtype> dtypes;
  std::vector<MeasuredRow> rows;         // in the order of the case table
  std::map<std::string, FlopRate> peak;  // by format: the fastest that all threads were seen to do
  ByteRate memory_bandwidth;             // of the fastest copies and triads: bytes read and written; 0: not measured
  Bytes input_pool;                      // inputs of a format rotate over this much memory
  std::vector<std::string> left_out;     // shapes that the budget did not reach
  std::vector<std::string> unsupported;  // what this processor or a library cannot do, in words
  std::vector<FlopRate> probes;          // through the run: how steady the machine was
  bool warmed_up = false;                // the clock had settled before anything was timed
  Load load;
  std::string load_at_start;
  Seconds spent;         // with what an interrupted bench spent before
  bool stopped = false;  // asked to stop: the result is not complete
};

// Throws ConfigError for a budget below least_budget() and for names that do not exist.
[[nodiscard]] Result result_of(const Options& options);
[[nodiscard]] Seconds least_budget();

// The options as they stand once the machine is known: threads, instruction set and formats named. Throws as bench
// does.
[[nodiscard]] Options completed(Options options);

// 1 - (5th percentile of the probes) / (95th).
[[nodiscard]] double clock_drift(const Result& result);
// Samples that were thrown away, and all that were taken, the kept ones too.
struct SampleCount {
  std::int64_t discarded = 0, taken = 0;
};
[[nodiscard]] SampleCount sample_count(const Result& result);
// Whether a bench of these options measures all that a device file says.
[[nodiscard]] bool may_describe_device(const Options& options);
// Whether all that a device file says was measured.
[[nodiscard]] bool describes_device(const Result& result);

}  // namespace mobasim::kernels::bench
