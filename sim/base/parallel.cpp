#include "sim/base/parallel.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace mobasim {
namespace {

constexpr std::int64_t kShown = 200;  // lines of a long loop, about

}  // namespace

int threads_of(std::int64_t wanted) {
  return static_cast<int>(wanted > 0 ? wanted : std::max(1U, std::thread::hardware_concurrency()));
}

void in_parallel(std::int64_t count, int threads, const std::function<void(std::size_t index)>& work,
                 const Progress& progress, const std::string& doing) {
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> ended = false;
  std::mutex mutex;
  std::exception_ptr thrown;
  std::int64_t done = 0;
  const std::int64_t every = std::max<std::int64_t>(1, count / kShown);
  const auto worker = [&] {
    try {
      for (std::int64_t i = next++; i < count && !ended; i = next++) {
        work(static_cast<std::size_t>(i));
        const std::lock_guard lock(mutex);
        if (ended) return;
        if (++done % every == 0) progress.show(fmt::format("{} {} of {}", doing, done, count));
        progress.check();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!thrown) thrown = std::current_exception();
      ended = true;
    }
  };
  const std::int64_t needed = std::min<std::int64_t>(threads, count);
  std::vector<std::thread> others;
  others.reserve(static_cast<std::size_t>(std::max<std::int64_t>(needed, 1)));
  try {
    for (std::int64_t i = 1; i < needed; ++i) others.emplace_back(worker);
  } catch (const std::system_error&) {
    // The machine has no thread more: those that there are do all of the work.
  }
  worker();
  for (std::thread& other : others) other.join();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace mobasim
