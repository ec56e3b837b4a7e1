#include "kernels/simt/fibers.h"

#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cerrno>
#include <system_error>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace mobasim::kernels::simt::executor {
namespace {

namespace context = boost::context::detail;

constexpr std::size_t kPage = 4096;
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStackBytes = 256 * 1024;
#else
constexpr std::size_t kStackBytes = 64 * 1024;
#endif
// Tops of stacks a multiple of 4 KiB apart would share the sets of the first cache.
constexpr std::size_t kStagger = 320, kStaggers = 13;

std::byte* new_stack() {
  void* memory = mmap(nullptr, kPage + kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, kPage, PROT_NONE) != 0) {
    throw std::system_error(errno, std::generic_category(), "stack of a thread of the executor");
  }
  return static_cast<std::byte*>(memory) + kPage;
}

// Who switched keeps its context in the slot it sent.
void arrived(context::transfer_t transfer) { static_cast<Fiber*>(transfer.data)->context = transfer.fctx; }

void enter(context::transfer_t transfer) {
#if defined(__SANITIZE_ADDRESS__)
  Fiber& from = *static_cast<Fiber*>(transfer.data);
  const void* stack = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(nullptr, &stack, &bytes);
  if (from.stack == nullptr) {
    from.stack = const_cast<void*>(stack);
    from.bytes = bytes;
  }
#endif
  arrived(transfer);
  run_thread();
}

}  // namespace

FiberStacks::~FiberStacks() {
  for (std::byte* stack : stacks_) munmap(stack - kPage, kPage + kStackBytes);
}

Fiber FiberStacks::fiber(int index) {
  while (static_cast<int>(stacks_.size()) <= index) stacks_.push_back(new_stack());
  std::byte* stack = stacks_[static_cast<std::size_t>(index)];
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack, kStackBytes);  // whoever was forgotten on it
#endif
  std::byte* top = stack + kStackBytes - static_cast<std::size_t>(index) % kStaggers * kStagger;
  return {context::make_fcontext(top, static_cast<std::size_t>(top - stack), enter), stack, kStackBytes};
}

void switch_fiber(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, to.stack, to.bytes);
#endif
  const context::transfer_t back = context::jump_fcontext(to.context, &from);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
  arrived(back);
}

}  // namespace mobasim::kernels::simt::executor
