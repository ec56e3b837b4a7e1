// What bench times of the machine itself: the peak of its multiply-adds, and its memory.
#include <fmt/format.h>

#include <cstring>
#include <numeric>

#include "kernels/bench/arms.h"
#include "kernels/cpu/parallel.h"

namespace mobasim::kernels::bench {
namespace {

constexpr double kPeakMultiplyAdds = 2e8;   // a thread and run: milliseconds
constexpr double kProbeMultiplyAdds = 2e7;  // likewise, a part of a probe

using MultiplyAdds = double (*)(double count, float* sink);  // of cpu::MicroKernels

// Of `count` a thread. The loop does about as many and tells how many.
double seconds_of(MultiplyAdds multiply_adds, double count, int threads, cpu::Buffer<float>& sinks) {
  std::vector<double> done(static_cast<std::size_t>(threads));
  const double begin = now();
  cpu::parallel_for(threads, threads, [&](std::int64_t i, int) {
    done[static_cast<std::size_t>(i)] = multiply_adds(count, sinks.data() + 16 * i);
  });
  const double seconds = now() - begin;
  return seconds * count / (std::accumulate(done.begin(), done.end(), 0.0) / threads);
}

// part(thread, first, last) of [0, size), timed.
template <class Part>
double seconds_of_parts(std::size_t size, int threads, const Part& part) {
  const double begin = now();
  cpu::parallel_for(threads, threads, [&](std::int64_t i, int) {
    const std::size_t thread = static_cast<std::size_t>(i), count = static_cast<std::size_t>(threads);
    part(thread, size * thread / count, size * (thread + 1) / count);
  });
  return now() - begin;
}

struct Blocks {
  cpu::Buffer<float> a, b, c;
};

void add_memory_arm(Group& group, const char* operation, const char* implementation, double bytes, int threads,
                    std::function<double()> run) {
  ProfileRow row;
  row.operation = operation;
  row.implementation = implementation;
  row.dtype = "f32";
  row.bytes = Bytes(bytes);
  row.threads = threads;
  group.rows.push_back({row});
  group.work.emplace_back(0);
  group.kinds.emplace_back("memory");
  group.arms.push_back({[run = std::move(run)] { return std::vector<double>{run()}; }});
}

}  // namespace

std::function<double()> peak_probe(const cpu::MicroKernels& micro, int threads) {
  const auto sinks = std::make_shared<cpu::Buffer<float>>(static_cast<std::size_t>(16 * threads), 0.0f);
  return [&micro, threads, sinks] {
    std::vector<double> rates;
    for (int part = 0; part < 3; ++part) {
      const double seconds = seconds_of(micro.multiply_adds, kProbeMultiplyAdds, threads, *sinks);
      rates.push_back(2 * kProbeMultiplyAdds * threads / seconds);
    }
    return quantile(rates, 0.5);
  };
}

Group peak_group(const ArmOptions& options) {
  Group group;
  group.name = "peak of multiply-adds";
  group.always = true;
  const auto sinks = std::make_shared<cpu::Buffer<float>>(static_cast<std::size_t>(16 * options.threads), 0.0f);
  const auto add = [&](Dtype dtype, MultiplyAdds multiply_adds, int threads) {
    ProfileRow row;
    row.operation = "fma_peak";
    row.implementation = "mobasim_cpu";
    row.dtype = name(dtype);
    row.threads = threads;
    row.flops = Flops(2 * kPeakMultiplyAdds * threads);
    group.rows.push_back({row});
    group.work.push_back(row.flops);
    group.kinds.emplace_back("peak");
    group.arms.push_back({[multiply_adds, threads, sinks] {
      return std::vector<double>{seconds_of(multiply_adds, kPeakMultiplyAdds, threads, *sinks)};
    }});
  };
  const cpu::MicroKernels& micro =
      *cpu::micro_kernels().front();  // of the processor, whatever set the kernels are forced to
  for (const int threads : options.threads > 1 ? std::vector<int>{options.threads, 1} : std::vector<int>{1}) {
    add(Dtype::f32, micro.multiply_adds, threads);
    if (micro.dot_products != nullptr) add(Dtype::bf16, micro.dot_products, threads);
  }
  return group;
}

Group memory_group(int threads, std::size_t bytes) {
  const std::size_t size = bytes / sizeof(float);
  Group group;
  group.name = "memory";
  group.always = true;
  const auto blocks =
      std::make_shared<Blocks>(Blocks{cpu::Buffer<float>(size), cpu::Buffer<float>(size), cpu::Buffer<float>(size)});
  // Filled by the threads that will read them: where there are several memories, each lies in its thread's own.
  (void)seconds_of_parts(size, threads, [&](std::size_t, std::size_t first, std::size_t last) {
    std::fill(blocks->a.data() + first, blocks->a.data() + last, 1.0f);
    std::fill(blocks->b.data() + first, blocks->b.data() + last, 2.0f);
    std::fill(blocks->c.data() + first, blocks->c.data() + last, 0.0f);
  });
  for (const std::size_t values : {size / 4, size}) {
    add_memory_arm(group, "memory_copy", "memcpy", 8.0 * static_cast<double>(values), threads, [=] {
      return seconds_of_parts(values, threads, [&](std::size_t, std::size_t first, std::size_t last) {
        std::memcpy(blocks->c.data() + first, blocks->a.data() + first, (last - first) * sizeof(float));
      });
    });
  }
  const auto sums = std::make_shared<cpu::Buffer<float>>(static_cast<std::size_t>(16 * threads), 0.0f);
  add_memory_arm(group, "memory_read", "sum", 4.0 * static_cast<double>(size), threads, [=] {
    return seconds_of_parts(size, threads, [&](std::size_t thread, std::size_t first, std::size_t last) {
      constexpr std::size_t kSums = 64;  // independent sums, so that an addition is not waited for
      float sum[kSums] = {};
      for (std::size_t i = first; i + kSums <= last; i += kSums) {
        for (std::size_t j = 0; j < kSums; ++j) sum[j] += blocks->a[i + j];
      }
      for (const float part : sum) (*sums)[16 * thread] += part;
    });
  });
  // McCalpin's STREAM triad; what a processor reads of c before it writes to it is not counted.
  add_memory_arm(group, "memory_triad", "triad", 12.0 * static_cast<double>(size), threads, [=] {
    return seconds_of_parts(size, threads, [&](std::size_t, std::size_t first, std::size_t last) {
      const float *a = blocks->a.data(), *b = blocks->b.data();
      float* c = blocks->c.data();
      for (std::size_t i = first; i < last; ++i) c[i] = a[i] + 3.0f * b[i];
    });
  });
  return group;
}

}  // namespace mobasim::kernels::bench
