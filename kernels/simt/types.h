// Plain types that kernels, their launch code and both targets share. nvcc reads this file: no other header of the
// project is included here.
#pragma once

#include <cstddef>
#include <cstdint>

// MOBASIM_KERNEL(128, 2) name(Parameters p): a kernel of at most 128 threads a block, at least 2 blocks on a
// multiprocessor.
#if defined(__CUDACC__)
#define MOBASIM_TARGET gpu
#define MOBASIM_KERNEL(threads, blocks) __global__ void __launch_bounds__(threads, blocks)
#define MOBASIM_DEVICE __device__ __forceinline__
#define MOBASIM_BOTH __host__ __device__ __forceinline__
#else
#define MOBASIM_TARGET host
#define MOBASIM_KERNEL(threads, blocks) void
#define MOBASIM_DEVICE inline
#define MOBASIM_BOTH inline
#endif

namespace mobasim::kernels::simt {

// 16-bit numbers in memory; arithmetic is in f32, two of them packed in a 32-bit register.
struct Bf16 {
  std::uint16_t bits;
};
struct Fp16 {
  std::uint16_t bits;
};

// 128 bits: eight 16-bit numbers, or four f32.
struct alignas(16) Word4 {
  std::uint32_t x, y, z, w;
};
struct alignas(8) Word2 {
  std::uint32_t x, y;
};

struct Index3 {
  int x, y, z;
};

// A byte address in the block's shared memory. 0 is not special.
using SharedAddress = std::uint32_t;

constexpr int kWarp = 32;

}  // namespace mobasim::kernels::simt
