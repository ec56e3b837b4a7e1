// Threads: a loop whose iterations are independent, handed out one by one. By OpenMP; under ThreadSanitizer, which
// cannot see into OpenMP's library and reports races that are none, by threads of the standard library.
#pragma once

#include <omp.h>

#include <cstdint>

#ifdef __SANITIZE_THREAD__
#include <atomic>
#include <thread>
#include <vector>
#endif

namespace mobasim::kernels {

[[nodiscard]] inline int thread_count(int wanted) { return wanted > 0 ? wanted : omp_get_max_threads(); }

// work(index, thread) for index 0 .. count - 1; thread < threads. `work` must not throw.
template <class Work>
void parallel_for(std::int64_t count, int threads, const Work& work) {
  if (threads == 1 || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) work(i, 0);
    return;
  }
#ifdef __SANITIZE_THREAD__
  std::atomic<std::int64_t> next = 0;
  std::vector<std::jthread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (std::int64_t i = next++; i < count; i = next++) work(i, thread);
    });
  }
#else
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::int64_t i = 0; i < count; ++i) work(i, omp_get_thread_num());
#endif
}

}  // namespace mobasim::kernels
