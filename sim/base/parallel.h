// Work that falls into parts which know nothing of each other, on several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/base/progress.h"

namespace mobasim {

// So many threads; 0: one a core.
[[nodiscard]] int threads_of(std::int64_t wanted);

// work(index) for 0 .. count - 1, each once, in any order, on `threads` threads of which the caller's is one. Shows
// "DOING 3 of 8" now and then, and asks whether to stop after each: from any thread, one call at a time. What `work` or
// `progress` throws, the first of it, ends the loop and is thrown to the caller when all threads have ended; so is
// Stopped.
void in_parallel(std::int64_t count, int threads, const std::function<void(std::size_t index)>& work,
                 const Progress& progress = {}, const std::string& doing = "");

}  // namespace mobasim
