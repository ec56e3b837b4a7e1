// Threads: a loop whose iterations are independent, handed out one by one.
#pragma once

#include <omp.h>

#include <cstdint>

namespace mobasim::kernels {

[[nodiscard]] inline int thread_count(int wanted) { return wanted > 0 ? wanted : omp_get_max_threads(); }

// work(index, thread) for index 0 .. count - 1; thread < threads. `work` must not throw.
template <class Work>
void parallel_for(std::int64_t count, int threads, const Work& work) {
  if (threads == 1 || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) work(i, 0);
    return;
  }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::int64_t i = 0; i < count; ++i) work(i, omp_get_thread_num());
}

}  // namespace mobasim::kernels
