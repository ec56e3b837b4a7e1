// Fibers on pooled stacks: Boost.Context's switch (11 ns), with the announcements AddressSanitizer wants. A fiber that
// is not resumed is simply forgotten: what runs on it owns nothing.
#pragma once

#include <cstddef>
#include <vector>

namespace mobasim::kernels::simt::executor {

struct Fiber {
  void* context = nullptr;
  void* stack = nullptr;  // its lowest address; null for the thread's own stack
  std::size_t bytes = 0;
};

// What every fiber does; defined by the executor.
[[noreturn]] void run_thread();

// Stacks with a page below them that cannot be touched.
class FiberStacks {
 public:
  FiberStacks() = default;
  ~FiberStacks();
  FiberStacks(const FiberStacks&) = delete;
  FiberStacks& operator=(const FiberStacks&) = delete;
  // A fiber on stack `index` that calls run_thread() when first switched to.
  [[nodiscard]] Fiber fiber(int index);

 private:
  std::vector<std::byte*> stacks_;
};

// Goes on with `to`; returns when somebody switches back to `from`.
void switch_fiber(Fiber& from, Fiber& to);

}  // namespace mobasim::kernels::simt::executor
