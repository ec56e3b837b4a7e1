#include "kernels/bench/gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "kernels/bench/arms.h"
#include "kernels/cuda/memory.h"
#include "kernels/cuda/run.h"
#include "kernels/random.h"

namespace mobasim::kernels::bench {
namespace {

constexpr int kPeakSamples = 40;  // of the row of the peak

std::size_t query_bytes(const Problem& problem) { return 2 * static_cast<std::size_t>(query_size(problem)); }
std::size_t key_bytes(const Problem& problem) { return 2 * static_cast<std::size_t>(key_size(problem)); }
std::size_t input_bytes(const Problem& problem) { return 2 * query_bytes(problem) + 2 * key_bytes(problem); }

// Normal values in 16 bits, more of them than the cache holds; each run reads at another place.
class DevicePool {
 public:
  DevicePool(const cuda::Target& target, std::size_t bytes, Dtype dtype, std::uint64_t seed)
      : bytes_(bytes), memory_(target, bytes, "inputs") {
    std::vector<float> period((std::size_t{1} << 20) + 8);  // no multiple of a row, a multiple of 16 bytes
    fill_normal(period, seed);
    const std::vector<std::uint16_t> packed = cuda::packed_16(period, dtype);
    for (std::size_t at = 0; at < bytes; at += 2 * packed.size()) {
      memory_.upload(packed.data(), std::min(2 * packed.size(), bytes - at), at);
    }
  }
  const void* next(std::size_t bytes) {
    if (at_ + bytes > bytes_) at_ = 0;
    const void* window = static_cast<const char*>(memory_.data()) + at_;
    at_ += (bytes + 255) / 256 * 256;
    return window;
  }

 private:
  std::size_t bytes_, at_ = 0;
  cuda::Memory memory_;
};

// Seconds on the stream's clock between the making of a Timer and seconds().
class Timer {
 public:
  Timer(const StreamClock& clock, cuda::Stream stream) : clock_(clock), stream_(stream), begin_(clock.record(stream)) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void stop() { end_ = clock_.record(stream_); }
  [[nodiscard]] double seconds() const { return clock_.seconds(begin_, end_); }
  ~Timer() {
    clock_.release(begin_);
    if (end_ != nullptr) clock_.release(end_);
  }

 private:
  const StreamClock& clock_;
  cuda::Stream stream_;
  void *begin_, *end_ = nullptr;
};

// A case on a target: everything it needs allocated, ready to run again and again.
class Runner {
 public:
  Runner(const cuda::Target& target, const StreamClock& clock, const Problem& problem, Dtype dtype)
      : target_(target),
        clock_(clock),
        problem_(problem),
        shape_(cuda::shape_of(problem, dtype)),
        o_(target, query_bytes(problem), "o"),
        lse_(target, 4 * static_cast<std::size_t>(tokens(problem) * problem.heads), "lse"),
        picks_(target, 4 * static_cast<std::size_t>(tokens(problem) * problem.heads * slots_of(problem)), "picks"),
        dq_(target, query_bytes(problem), "dq"),
        dk_(target, key_bytes(problem), "dk"),
        dv_(target, key_bytes(problem), "dv"),
        workspace_(target, std::max(cuda::forward_workspace(shape_), cuda::backward_workspace(shape_)), "workspace") {}

  // Seconds of {forward, backward}.
  std::vector<double> passes(DevicePool& pool) {
    const auto [forward, backward] = tensors(pool);
    Timer first(clock_, nullptr);
    target_.forward(shape_, forward, workspace_.data(), nullptr, {});
    first.stop();
    Timer second(clock_, nullptr);
    target_.backward(shape_, backward, workspace_.data(), nullptr, {});
    second.stop();
    return {first.seconds(), second.seconds()};
  }

  // Seconds of each stage, forward's then backward's, in the order of forward_work and backward_work.
  std::vector<double> stages(DevicePool& pool) {
    const auto [forward, backward] = tensors(pool);
    std::vector<double> seconds;
    const auto run = [&](const std::vector<cuda::StageWork>& work, const auto& pass) {
      std::vector<std::pair<cuda::Stage, std::unique_ptr<Timer>>> timers;
      const cuda::StageHooks hooks{
          [&](cuda::Stage stage) { timers.emplace_back(stage, std::make_unique<Timer>(clock_, nullptr)); },
          [&](cuda::Stage) { timers.back().second->stop(); }};
      pass(hooks);
      for (const cuda::StageWork& one : work) {
        double sum = 0;
        for (const auto& [stage, timer] : timers) sum += stage == one.stage ? timer->seconds() : 0;
        seconds.push_back(sum);
      }
    };
    run(cuda::forward_work(problem_), [&, tensors_in = forward](const cuda::StageHooks& hooks) {
      target_.forward(shape_, tensors_in, workspace_.data(), nullptr, hooks);
    });
    run(cuda::backward_work(problem_), [&, tensors_in = backward](const cuda::StageHooks& hooks) {
      target_.backward(shape_, tensors_in, workspace_.data(), nullptr, hooks);
    });
    return seconds;
  }

 private:
  std::pair<cuda::ForwardTensors, cuda::BackwardTensors> tensors(DevicePool& pool) {
    const void* q = pool.next(query_bytes(problem_));
    const void* k = pool.next(key_bytes(problem_));
    const void* v = pool.next(key_bytes(problem_));
    const void* d_o = pool.next(query_bytes(problem_));
    auto* lse = static_cast<float*>(lse_.data());
    auto* picks = static_cast<int*>(picks_.data());
    return {{q, k, v, o_.data(), lse, picks},
            {q, k, v, o_.data(), d_o, lse, picks, dq_.data(), dk_.data(), dv_.data()}};
  }

  const cuda::Target& target_;
  const StreamClock& clock_;
  Problem problem_;
  cuda::Shape shape_;
  cuda::Memory o_, lse_, picks_, dq_, dk_, dv_, workspace_;
};

// Products on the registers of all multiprocessors: FLOP/s of the tensor cores by `mma`, as they are now.
class Probe {
 public:
  Probe(const cuda::Target& target, const GpuOptions& options)
      : target_(target),
        options_(options),
        sink_(target, sizeof(float) * static_cast<std::size_t>(options.probe_blocks) * cuda::kPeakThreads, "sink") {}

  // Seconds of one part.
  double seconds() {
    Timer timer(options_.clock, nullptr);
    target_.peak(cuda::element_of(options_.dtype), {static_cast<float*>(sink_.data()), options_.probe_rounds},
                 options_.probe_blocks, nullptr);
    timer.stop();
    return timer.seconds();
  }
  // The median of five.
  FlopRate rate() {
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) times.push_back(seconds());
    return flops() / Seconds(quantile(times, 0.5));
  }
  [[nodiscard]] Flops flops() const { return Flops(cuda::peak_flops(options_.probe_blocks, options_.probe_rounds)); }

 private:
  const cuda::Target& target_;
  const GpuOptions& options_;
  cuda::Memory sink_;
};

// One bench: what it has, and what it found so far.
class Bench {
 public:
  Bench(const cuda::Target& target, const GpuOptions& options)
      : target_(target), options_(options), random_(options.seed), begin_(now()), probe_(target, options) {
    std::size_t largest = static_cast<std::size_t>(options.input_pool.value());
    for (const Case& row : options.cases) largest = std::max(largest, input_bytes(row.problem) + 4 * 256);
    pool_.emplace(target, largest, options.dtype, options.seed);
  }

  GpuResult run() {
    const double share = options_.budget.value() / static_cast<double>(std::max<std::size_t>(options_.cases.size(), 1));
    time_peak();
    for (const Case& row : options_.cases) {
      if (options_.progress.stopped()) break;
      if (now() - begin_ > options_.budget.value()) {
        result_.left_out.push_back(row.name + ": the budget was spent");
        continue;
      }
      options_.progress.show(fmt::format("bench: {} ({:.0f} s left)", row.name,
                                         std::max(0.0, options_.budget.value() - (now() - begin_))));
      time(row, share);
    }
    result_.stopped = options_.progress.stopped();
    result_.spent = Seconds(now() - begin_);
    return std::move(result_);
  }

 private:
  void time_peak() {
    (void)probe_.rate();  // warms up
    ProfileRow row;
    row.operation = "fma_peak";
    row.implementation = "mobasim_cuda";
    row.dtype = name(options_.dtype);
    row.flops = probe_.flops();
    std::vector<double> times;
    for (int i = 0; i < kPeakSamples; ++i) times.push_back(probe_.seconds());
    set_measured(row, times);
    result_.rows.push_back(row);
    result_.samples.push_back(times);
    for (int i = 0; i < 3; ++i) calm_rates_.push_back(probe().value());
  }

  void time(const Case& row, double seconds) {
    try {
      Runner runner(target_, options_.clock, row.problem, options_.dtype);
      for (int attempt = 0; attempt < 2; ++attempt) {
        const bool calm_before = calm();
        const std::vector<Arm> arms = {{[&] { return runner.passes(*pool_); }},
                                       {[&] { return runner.stages(*pool_); }}};
        Sampling sampling;
        sampling.seconds = seconds;
        sampling.stop = [this] { return options_.progress.stopped(); };
        const Sampled taken = sampled(arms, sampling, random_);
        if (taken.ending == Ending::stopped) return;
        const FlopRate beside = probe();
        const bool was_calm = calm() && calm_before;
        if (was_calm || attempt == 1) return keep(row, taken, beside, !was_calm);
      }
    } catch (const cuda::CudaError& error) {
      result_.left_out.push_back(row.name + ": " + error.what());
    }
  }

  void keep(const Case& row, const Sampled& taken, FlopRate probe_beside, bool disturbed) {
    const char* const passes[] = {"forward", "backward"};
    std::size_t stage = 0;
    for (std::size_t pass = 0; pass < 2; ++pass) {
      result_.rows.push_back(attention_row(row.problem, "mobasim_cuda", name(options_.dtype), passes[pass]));
      result_.samples.push_back(kept_times(taken.arms[0], pass));
      set_measured(result_.rows.back(), result_.samples.back());
      result_.rows.back().sampling = bench::name(disturbed ? Ending::disturbed : taken.ending_of(0));
      result_.rows.back().probe = probe_beside;
      for (const cuda::StageWork& work :
           pass == 0 ? cuda::forward_work(row.problem) : cuda::backward_work(row.problem)) {
        const std::vector<double> times = kept_times(taken.arms[1], stage++);
        result_.stages.push_back(
            {row.name, passes[pass], work, quartiles(times), static_cast<std::int64_t>(times.size())});
      }
    }
  }

  FlopRate probe() {
    result_.probes.push_back(probe_.rate());
    return result_.probes.back();
  }
  // Whether the GPU is as fast as its level, after rests where it is not. The level is the 90th percentile of the
  // probes that were: those of a GPU that is held down must not lower it.
  bool calm() {
    const double begin = now();
    while (true) {
      const FlopRate rate = probe();
      if (rate.value() >= SamplingRules().least_probe * quantile(calm_rates_, 0.9)) {
        calm_rates_.push_back(rate.value());
        return true;
      }
      if (now() - begin > options_.patience.value() || options_.progress.stopped()) return false;
      std::this_thread::sleep_for(std::chrono::duration<double>(options_.rest.value()));
    }
  }

  const cuda::Target& target_;
  const GpuOptions& options_;
  Random random_;
  double begin_;
  GpuResult result_;
  Probe probe_;
  std::vector<double> calm_rates_;  // of the probes that found the GPU at its level
  std::optional<DevicePool> pool_;
};

}  // namespace

void check_is_gpu(const cuda::Target& target, const StreamClock& clock) {
  Problem problem;
  problem.cu_seqlens = {0, 512};
  problem.heads = problem.kv_heads = 4;
  DevicePool pool(target, input_bytes(problem) + 4 * 256, Dtype::bf16, 1);
  Runner runner(target, clock, problem, Dtype::bf16);
  runner.passes(pool);
  const double seconds = runner.passes(pool)[0];
  if (seconds > 5e-3) {
    throw cuda::CudaError(
        fmt::format("attention over 512 tokens and 4 heads took {:.3g} s, which any GPU does in a small part "
                    "of 5 ms: this is no GPU, and its times would mean nothing",
                    seconds));
  }
}

GpuResult gpu_result_of(const cuda::Target& target, const GpuOptions& options) { return Bench(target, options).run(); }

}  // namespace mobasim::kernels::bench
