// What simt/host.h calls: the primitives without templates, and where the running thread stands.
#pragma once

#include <cstdint>
#include <source_location>

#include "kernels/simt/bugs.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::simt::executor {

using Site = std::source_location;

// The thread that runs.
struct Standing {
  int thread = 0, threads = 0;
  Index3 block = {0, 0, 0};
  Bug bug = Bug::none;
};
extern constinit thread_local Standing standing;

// Shared memory begins here, so that address 0 is a bug.
constexpr SharedAddress kSharedBase = 0x400;

struct Allocation;
struct View {
  const void* base;
  int element_bytes, rows, width, stride;
  const char* name;
  Allocation* allocation;  // null where the view is empty
};

void sync_block(Site site);
void sync_warp(Site site);
std::uint32_t shuffle(std::uint32_t value, int lane, Site site);
std::uint32_t shuffle_xor(std::uint32_t value, int mask, Site site);
std::uint32_t ballot(bool says, Site site);
std::uint32_t match_any(std::uint32_t value, Site site);

View view_of(const void* base, int element_bytes, const char* name, int rows, int width, int stride, Site site);
void load_global(const View& view, int row, int column, void* value, int bytes, int alignment, Site site);
void store_global(const View& view, int row, int column, const void* value, int bytes, Site site);
// Where 4 bytes stand that the caller changes before anything else happens.
void* atomic_global(const View& view, int row, int column, Site site);

void load_shared(SharedAddress from, void* value, int bytes, Site site);
void store_shared(SharedAddress to, const void* value, int bytes, Site site);
int atomic_shared(SharedAddress at, int value, Site site);

void copy(SharedAddress to, const View& view, int row, int column, bool valid, Site site);
void commit(Site site);
void wait(int pending, Site site);

void ldmatrix(std::uint32_t (&out)[4], SharedAddress row, bool transposed, Site site);
void mma(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1, bool bf16, Site site);

}  // namespace mobasim::kernels::simt::executor
