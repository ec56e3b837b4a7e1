// Times the CUDA kernels on the GPU at hand: whole passes, and each stage of the pipelines. The rules are those of
// kernels/bench/timing.h; what is added here is a clock on the GPU, inputs that rotate through more memory than its
// cache, and a probe of its tensor cores around each case.
//
// A GPU at its limit of power or heat lowers its clock under load, and does so in training too: that is part of a time.
// What must not be part of it is a clock that something else holds down. So a case begins and ends with a probe that is
// repeated, with rests between, until the GPU is as fast as it was seen to be; where it does not get there, the case is
// timed once more, and after that its rows are `disturbed`.
#pragma once

#include <string>
#include <vector>

#include "kernels/bench/timing.h"
#include "kernels/cases.h"
#include "kernels/cuda/gpu.h"
#include "kernels/cuda/stage_work.h"
#include "kernels/dtype.h"
#include "sim/base/profile.h"
#include "sim/base/progress.h"

namespace mobasim::kernels::bench {

// Events on a stream: those of the GPU, or a test's.
struct StreamClock {
  void* (*record)(cuda::Stream stream) = cuda::recorded_event;
  double (*seconds)(void* begin, void* end) = cuda::seconds_between;
  void (*release)(void* event) = cuda::release_event;
};

struct GpuOptions {
  Seconds budget{300};
  Dtype dtype = Dtype::bf16;
  std::uint64_t seed = 1;
  std::vector<Case> cases;  // in the order wanted
  StreamClock clock;
  // The probe, in parts of a fraction of a millisecond.
  int probe_blocks = 528, probe_rounds = 2048;  // blocks: four for each multiprocessor
  Seconds patience{3}, rest{0.02};              // how long a slow GPU is waited for, and between two probes
  // The inputs rotate over at least this much memory: twice the L2 cache.
  Bytes input_pool;
  Progress progress;  // asked between two samples whether to stop
};

// The time of one stage, chunks together.
struct StageTime {
  std::string case_name, pass;
  cuda::StageWork work;
  Quartiles time;
  std::int64_t samples = 0;
};

struct GpuResult {
  std::vector<ProfileRow> rows;              // the peak, then the passes of each case; `source` is left empty
  std::vector<std::vector<double>> samples;  // of each row, in the order taken
  std::vector<StageTime> stages;
  std::vector<std::string> left_out;  // "CASE: why": budget or memory
  std::vector<FlopRate> probes;       // through the run
  Seconds spent;
  bool stopped = false;
};

[[nodiscard]] GpuResult gpu_result_of(const cuda::Target& target, const GpuOptions& options);

// Throws CudaError when one small pass takes longer than any GPU would: the times of a stand-in are not those of a GPU.
void check_is_gpu(const cuda::Target& target, const StreamClock& clock);

}  // namespace mobasim::kernels::bench
