// Threads: a loop whose iterations are independent, handed out one by one. By OpenMP; under ThreadSanitizer, which
// cannot see into OpenMP's library and reports races that are none, by threads of the standard library.
#pragma once

#include <omp.h>

#include <atomic>
#include <cstdint>
#include <vector>

#ifdef __SANITIZE_THREAD__
#include <thread>
#endif

namespace mobasim::kernels::cpu {

[[nodiscard]] inline int thread_count(int wanted) { return wanted > 0 ? wanted : omp_get_max_threads(); }

// What is left of a thread's own share of a loop, on a cache line of its own.
struct alignas(64) LoopShare {
  std::atomic<std::int64_t> next;
  std::int64_t end;
};

// work(index, thread) for index 0 .. count - 1; thread < threads. `work` must not throw. Each thread begins with the
// same part of the loop, and when that is done helps the others: loops over the same things in the same order find them
// in the cache of the thread that had them before.
template <class Work>
void parallel_for(std::int64_t count, int threads, const Work& work) {
  if (threads == 1 || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) work(i, 0);
    return;
  }
  std::vector<LoopShare> shares(static_cast<std::size_t>(threads));
  for (int t = 0; t < threads; ++t) {
    shares[static_cast<std::size_t>(t)].next = count * t / threads;
    shares[static_cast<std::size_t>(t)].end = count * (t + 1) / threads;
  }
  const auto run = [&](int thread) {
    for (int t = 0; t < threads; ++t) {
      LoopShare& share = shares[static_cast<std::size_t>((thread + t) % threads)];
      for (std::int64_t i = share.next++; i < share.end; i = share.next++) work(i, thread);
    }
  };
#ifdef __SANITIZE_THREAD__
  std::vector<std::jthread> running;
  for (int thread = 0; thread < threads; ++thread) running.emplace_back(run, thread);
#else
#pragma omp parallel num_threads(threads)
  run(omp_get_thread_num());
#endif
}

}  // namespace mobasim::kernels::cpu
