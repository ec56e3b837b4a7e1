// The primitives on a GPU: inline PTX, sm_80 and up. simt/host.h has the same functions for the executor; their meaning
// is told here. Sources: PTX ISA 9.0, the section named at each.
#pragma once

#include "kernels/simt/bugs.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::simt {
inline namespace gpu {

// --- Where a thread stands. Blocks are one-dimensional.
MOBASIM_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
MOBASIM_DEVICE int lane_index() { return static_cast<int>(threadIdx.x) % kWarp; }
MOBASIM_DEVICE int warp_index() { return static_cast<int>(threadIdx.x) / kWarp; }
MOBASIM_DEVICE int block_threads() { return static_cast<int>(blockDim.x); }
MOBASIM_DEVICE Index3 block_index() {
  return {static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.z)};
}

// --- Barriers: all threads of the block, all lanes of the warp. Both order memory.
MOBASIM_DEVICE void sync_block() { __syncthreads(); }
MOBASIM_DEVICE void sync_warp() { __syncwarp(); }

// --- Exchange between the 32 lanes, all of which take part. T has 32 bits.
template <class T>
MOBASIM_DEVICE T shuffle(T value, int lane) {
  return __shfl_sync(0xffffffffu, value, lane);
}
template <class T>
MOBASIM_DEVICE T shuffle_xor(T value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}
// Bit i is set where lane i says so.
MOBASIM_DEVICE std::uint32_t ballot(bool says) { return __ballot_sync(0xffffffffu, says); }
// The lanes whose value equals this lane's.
MOBASIM_DEVICE std::uint32_t match_any(std::uint32_t value) { return __match_any_sync(0xffffffffu, value); }
MOBASIM_DEVICE int population(std::uint32_t bits) { return __popc(bits); }
// The index of the lowest set bit; bits must not be 0.
MOBASIM_DEVICE int lowest_bit(std::uint32_t bits) { return __ffs(static_cast<int>(bits)) - 1; }
// The bits below this lane's.
MOBASIM_DEVICE std::uint32_t lanes_below() { return (1u << lane_index()) - 1; }

// --- Global memory, through views. Element (row, column) stands at base + row * stride + column; a view may touch
// 0 <= row < rows, 0 <= column < width and nothing else (the executor checks that, and that the base was allocated).
// Make a view as narrow as the code may go: the rows of one sequence and one head.
template <class T>
struct Rows {
  T* base;
  int stride;
};
template <class T>
MOBASIM_DEVICE Rows<T> rows_of(T* base, [[maybe_unused]] const char* name, [[maybe_unused]] int rows,
                               [[maybe_unused]] int width, int stride) {
  return {base, stride};
}
// `count` elements in one row.
template <class T>
MOBASIM_DEVICE Rows<T> line_of(T* base, [[maybe_unused]] const char* name, [[maybe_unused]] int count) {
  return {base, 0};
}
template <class T>
MOBASIM_DEVICE T* address_of(const Rows<T>& view, int row, int column) {
  // One instruction, 9.7.1.3: nvcc, left to itself, multiplies 64-bit numbers by several.
  std::int64_t bytes;
  asm("mul.wide.s32 %0, %1, %2;" : "=l"(bytes) : "r"(row), "r"(view.stride * static_cast<int>(sizeof(T))));
  return const_cast<T*>(reinterpret_cast<const T*>(reinterpret_cast<const char*>(view.base) + bytes)) + column;
}

namespace detail {
template <class T>
struct Unqualified {
  using Type = T;
};
template <class T>
struct Unqualified<const T> {
  using Type = T;
};
}  // namespace detail

// One element, or as many as V holds (Word4, Word2, uint32_t), aligned to V.
template <class V, class T>
MOBASIM_DEVICE V load_as(const Rows<T>& view, int row, int column) {
  static_assert(sizeof(V) == 2 || sizeof(V) == 4 || sizeof(V) == 8 || sizeof(V) == 16);
  const void* from = address_of(view, row, column);
  if constexpr (sizeof(V) == 16) {
    const uint4 got = *static_cast<const uint4*>(from);
    return {got.x, got.y, got.z, got.w};
  } else if constexpr (sizeof(V) == 8) {
    const uint2 got = *static_cast<const uint2*>(from);
    return {got.x, got.y};
  } else {
    return *static_cast<const V*>(from);
  }
}
template <class T>
MOBASIM_DEVICE typename detail::Unqualified<T>::Type load(const Rows<T>& view, int row, int column) {
  return *address_of(view, row, column);
}
template <class V, class T>
MOBASIM_DEVICE void store(const Rows<T>& view, int row, int column, V value) {
  void* to = address_of(view, row, column);
  if constexpr (sizeof(V) == 16) {
    *static_cast<uint4*>(to) = make_uint4(value.x, value.y, value.z, value.w);
  } else if constexpr (sizeof(V) == 8) {
    *static_cast<uint2*>(to) = make_uint2(value.x, value.y);
  } else {
    *static_cast<V*>(to) = value;
  }
}
// Adds, in one step that no other thread can come between; the order of several is not defined.
MOBASIM_DEVICE void atomic_add(const Rows<float>& view, int row, int column, float value) {
  ::atomicAdd(address_of(view, row, 0) + column, value);  // columns a constant apart share an address
}
// Returns what stood there.
MOBASIM_DEVICE int atomic_add(const Rows<int>& view, int row, int column, int value) {
  return ::atomicAdd(address_of(view, row, column), value);
}

// --- Shared memory: the block's dynamic allocation, from shared_base() on (aligned to 128 bytes). It starts undefined.
extern __shared__ __align__(128) unsigned char dynamic_shared_memory[];
MOBASIM_DEVICE SharedAddress shared_base() {
  return static_cast<SharedAddress>(__cvta_generic_to_shared(dynamic_shared_memory));
}
// T: 4, 8 or 16 bytes, aligned to its size.
template <class T>
MOBASIM_DEVICE T load_shared(SharedAddress from) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  if constexpr (sizeof(T) == 16) {
    T out;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(out.x), "=r"(out.y), "=r"(out.z), "=r"(out.w)
                 : "r"(from)
                 : "memory");
    return out;
  } else if constexpr (sizeof(T) == 8) {
    T out;
    asm volatile("ld.shared.v2.u32 {%0, %1}, [%2];" : "=r"(out.x), "=r"(out.y) : "r"(from) : "memory");
    return out;
  } else {
    std::uint32_t bits;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(bits) : "r"(from) : "memory");
    T out;
    memcpy(&out, &bits, 4);
    return out;
  }
}
template <class T>
MOBASIM_DEVICE void store_shared(SharedAddress to, T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  if constexpr (sizeof(T) == 16) {
    asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(value.x), "r"(value.y), "r"(value.z),
                 "r"(value.w)
                 : "memory");
  } else if constexpr (sizeof(T) == 8) {
    asm volatile("st.shared.v2.u32 [%0], {%1, %2};" ::"r"(to), "r"(value.x), "r"(value.y) : "memory");
  } else {
    std::uint32_t bits;
    memcpy(&bits, &value, 4);
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(bits) : "memory");
  }
}
// Returns what stood there.
MOBASIM_DEVICE int atomic_add_shared(SharedAddress at, int value) {
  int before;
  asm volatile("atom.shared.add.s32 %0, [%1], %2;" : "=r"(before) : "r"(at), "r"(value) : "memory");
  return before;
}

// --- Asynchronous copies, 9.7.9.25. 16 bytes from element (row, column) of a view; zeros where not valid, and then
// nothing is read. The bytes arrive at the wait of the thread that asked; other threads see them after a barrier.
template <class T>
MOBASIM_DEVICE void cp_async_16(SharedAddress to, const Rows<T>& from, int row, int column, bool valid) {
  const int bytes = valid ? 16 : 0;
  const T* source = address_of(Rows<T>{from.base + column, from.stride}, row, 0);  // a thread copies one column of rows
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(source), "r"(bytes) : "memory");
}
// The copies since the last commit become one group.
MOBASIM_DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits until at most `pending` of this thread's groups are on their way, the newest.
template <int pending>
MOBASIM_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// --- Matrices of 8 x 8 16-bit numbers, 9.7.14.5.15: lane 8 i + j gives the address of row j (16 bytes) of matrix i;
// out[i] of lane l holds columns 2 (l % 4) and 2 (l % 4) + 1 of row l / 4 of matrix i (transposed: of column l / 4,
// rows 2 (l % 4) and + 1).
MOBASIM_DEVICE void ldmatrix(std::uint32_t (&out)[4], SharedAddress row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(row)
               : "memory");
}
MOBASIM_DEVICE void ldmatrix_transposed(std::uint32_t (&out)[4], SharedAddress row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(row)
               : "memory");
}

// --- Tensor cores: d [16, 8] += a [16, 16] b [16, 8], f32 sums, 9.7.14.5.8. With g = lane / 4 and c = 2 (lane % 4):
//   a[0]: row g, columns c, c+1    a[1]: row g+8, the same    a[2]: row g, columns c+8, c+9    a[3]: row g+8, those
//   b[0]: rows c, c+1 of column g  b[1]: rows c+8, c+9
//   d[0], d[1]: row g, columns c, c+1    d[2], d[3]: row g+8
template <class Element>
MOBASIM_DEVICE void mma(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1);
template <>
MOBASIM_DEVICE void mma<Bf16>(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <>
MOBASIM_DEVICE void mma<Fp16>(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, "
      "%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// --- Numbers. pack rounds to nearest even; the first number is in the low half.
template <class Element>
MOBASIM_DEVICE std::uint32_t pack(float low, float high);
template <>
MOBASIM_DEVICE std::uint32_t pack<Bf16>(float low, float high) {
  std::uint32_t out;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
}
template <>
MOBASIM_DEVICE std::uint32_t pack<Fp16>(float low, float high) {
  std::uint32_t out;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
}
template <class Element>
MOBASIM_DEVICE void unpack(std::uint32_t packed, float& low, float& high);
template <>
MOBASIM_DEVICE void unpack<Bf16>(std::uint32_t packed, float& low, float& high) {
  low = __uint_as_float(packed << 16);
  high = __uint_as_float(packed & 0xffff0000u);
}
template <>
MOBASIM_DEVICE void unpack<Fp16>(std::uint32_t packed, float& low, float& high) {
  asm("{.reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}"
      : "=f"(low), "=f"(high)
      : "r"(packed));
}
MOBASIM_DEVICE std::uint32_t bits_of(float value) { return __float_as_uint(value); }
MOBASIM_DEVICE float float_of(std::uint32_t bits) { return __uint_as_float(bits); }

// Approximate, and results below the smallest normal number are 0 (9.7.3): 2^x, log2(x), 1 / x.
MOBASIM_DEVICE float fast_exp2(float x) {
  float out;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}
MOBASIM_DEVICE float fast_log2(float x) {
  float out;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}
MOBASIM_DEVICE float fast_reciprocal(float x) {
  float out;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(out) : "f"(x));
  return out;
}
// a b + c, rounded once.
MOBASIM_DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
// The greater, the lesser; where one is NaN, the other.
MOBASIM_DEVICE float greater(float a, float b) { return fmaxf(a, b); }
MOBASIM_DEVICE float lesser(float a, float b) { return fminf(a, b); }
MOBASIM_DEVICE float infinity() { return __int_as_float(0x7f800000); }

// --- Planted bugs (kernels/simt/bugs.h): never on a GPU.
MOBASIM_DEVICE constexpr bool planted(Bug) { return false; }

}  // namespace gpu
}  // namespace mobasim::kernels::simt
