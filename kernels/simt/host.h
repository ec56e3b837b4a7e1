// The primitives on the host: the SIMT executor. Their meaning is told in simt/device.h. Every function that is checked
// knows the line of the kernel that calls it (its last argument, never given).
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "kernels/simt/bugs.h"
#include "kernels/simt/executor.h"
#include "kernels/simt/numbers.h"
#include "kernels/simt/primitives.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::simt {
inline namespace host {

using Site = std::source_location;

inline int thread_index() { return executor::standing.thread; }
inline int lane_index() { return executor::standing.thread % kWarp; }
inline int warp_index() { return executor::standing.thread / kWarp; }
inline int block_threads() { return executor::standing.threads; }
inline Index3 block_index() { return executor::standing.block; }

inline void sync_block(Site site = Site::current()) { executor::sync_block(site); }
inline void sync_warp(Site site = Site::current()) { executor::sync_warp(site); }

template <class T>
T shuffle(T value, int lane, Site site = Site::current()) {
  static_assert(sizeof(T) == 4);
  return std::bit_cast<T>(executor::shuffle(std::bit_cast<std::uint32_t>(value), lane, site));
}
template <class T>
T shuffle_xor(T value, int mask, Site site = Site::current()) {
  static_assert(sizeof(T) == 4);
  return std::bit_cast<T>(executor::shuffle_xor(std::bit_cast<std::uint32_t>(value), mask, site));
}
inline std::uint32_t ballot(bool says, Site site = Site::current()) { return executor::ballot(says, site); }
inline std::uint32_t match_any(std::uint32_t value, Site site = Site::current()) {
  return executor::match_any(value, site);
}
inline int population(std::uint32_t bits) { return std::popcount(bits); }
inline int lowest_bit(std::uint32_t bits) { return std::countr_zero(bits); }
inline std::uint32_t lanes_below() { return (1u << lane_index()) - 1; }

template <class T>
struct Rows {
  executor::View view;
};
template <class T>
Rows<T> rows_of(T* base, const char* name, int rows, int width, int stride, Site site = Site::current()) {
  return {executor::view_of(base, static_cast<int>(sizeof(T)), name, rows, width, stride, site)};
}
template <class T>
Rows<T> line_of(T* base, const char* name, int count, Site site = Site::current()) {
  return {executor::view_of(base, static_cast<int>(sizeof(T)), name, 1, count, 0, site)};
}

template <class V, class T>
V load_as(const Rows<T>& from, int row, int column, Site site = Site::current()) {
  static_assert(sizeof(V) == 2 || sizeof(V) == 4 || sizeof(V) == 8 || sizeof(V) == 16);
  V value;
  executor::load_global(from.view, row, column, &value, static_cast<int>(sizeof(V)), static_cast<int>(sizeof(V)), site);
  return value;
}
template <class T>
std::remove_const_t<T> load(const Rows<T>& from, int row, int column, Site site = Site::current()) {
  std::remove_const_t<T> value;
  executor::load_global(from.view, row, column, &value, static_cast<int>(sizeof(T)), static_cast<int>(alignof(T)),
                        site);
  return value;
}
template <class V, class T>
void store(const Rows<T>& to, int row, int column, V value, Site site = Site::current()) {
  static_assert(!std::is_const_v<T>);
  executor::store_global(to.view, row, column, &value, static_cast<int>(sizeof(V)), site);
}
inline void atomic_add(const Rows<float>& to, int row, int column, float value, Site site = Site::current()) {
  float& at = *static_cast<float*>(executor::atomic_global(to.view, row, column, site));
  at += value;
}
inline int atomic_add(const Rows<int>& to, int row, int column, int value, Site site = Site::current()) {
  int& at = *static_cast<int*>(executor::atomic_global(to.view, row, column, site));
  const int before = at;
  at = static_cast<int>(static_cast<unsigned>(before) + static_cast<unsigned>(value));
  return before;
}

inline SharedAddress shared_base() { return executor::kSharedBase; }
template <class T>
T load_shared(SharedAddress from, Site site = Site::current()) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  T value;
  executor::load_shared(from, &value, static_cast<int>(sizeof(T)), site);
  return value;
}
template <class T>
void store_shared(SharedAddress to, T value, Site site = Site::current()) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  executor::store_shared(to, &value, static_cast<int>(sizeof(T)), site);
}
inline int atomic_add_shared(SharedAddress at, int value, Site site = Site::current()) {
  return executor::atomic_shared(at, value, site);
}

template <class T>
void cp_async_16(SharedAddress to, const Rows<T>& from, int row, int column, bool valid, Site site = Site::current()) {
  executor::copy(to, from.view, row, column, valid, site);
}
inline void cp_async_commit(Site site = Site::current()) { executor::commit(site); }
template <int pending>
void cp_async_wait(Site site = Site::current()) {
  executor::wait(pending, site);
}

inline void ldmatrix(std::uint32_t (&out)[4], SharedAddress row, Site site = Site::current()) {
  executor::ldmatrix(out, row, false, site);
}
inline void ldmatrix_transposed(std::uint32_t (&out)[4], SharedAddress row, Site site = Site::current()) {
  executor::ldmatrix(out, row, true, site);
}
template <class Element>
void mma(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1, Site site = Site::current()) {
  static_assert(std::is_same_v<Element, Bf16> || std::is_same_v<Element, Fp16>);
  executor::mma(d, a, b0, b1, std::is_same_v<Element, Bf16>, site);
}

template <class Element>
std::uint32_t pack(float low, float high) {
  static_assert(std::is_same_v<Element, Bf16> || std::is_same_v<Element, Fp16>);
  if constexpr (std::is_same_v<Element, Bf16>) {
    return bf16_bits(low) | (bf16_bits(high) << 16);
  } else {
    return fp16_bits(low) | (fp16_bits(high) << 16);
  }
}
template <class Element>
void unpack(std::uint32_t packed, float& low, float& high) {
  static_assert(std::is_same_v<Element, Bf16> || std::is_same_v<Element, Fp16>);
  if constexpr (std::is_same_v<Element, Bf16>) {
    low = bf16_value(packed & 0xffffu);
    high = bf16_value(packed >> 16);
  } else {
    low = fp16_value(packed & 0xffffu);
    high = fp16_value(packed >> 16);
  }
}
inline std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }
inline float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

inline float fast_exp2(float x) { return flushed(std::exp2(x)); }
inline float fast_log2(float x) { return std::log2(flushed(x)); }
inline float fast_reciprocal(float x) { return flushed(1 / flushed(x)); }
inline float fused(float a, float b, float c) { return std::fma(a, b, c); }
inline float greater(float a, float b) { return std::fmax(a, b); }
inline float lesser(float a, float b) { return std::fmin(a, b); }
inline float infinity() { return std::bit_cast<float>(0x7f800000u); }

inline bool planted(Bug bug) { return executor::standing.bug == bug; }

}  // namespace host
}  // namespace mobasim::kernels::simt
