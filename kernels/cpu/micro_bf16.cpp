#include "kernels/cpu/micro_bf16.h"

#ifdef MOBASIM_AVX512_BF16  // kernels/CMakeLists.txt, with the compiler flags
#include <immintrin.h>

namespace mobasim::kernels::cpu {
namespace {

using i64 = std::int64_t;
#define MOBASIM_INLINE inline __attribute__((always_inline))

struct Operations {
  using Vector = __m512;
  static constexpr int kWidth = 16;
  static constexpr int kVectors = 4;
  template <int kOfVectors>
  static constexpr int kRows = kOfVectors <= 2 ? 8 : 4;

  MOBASIM_INLINE static __m512 zero() { return _mm512_setzero_ps(); }
  MOBASIM_INLINE static __m512 load(const float* p) { return _mm512_loadu_ps(p); }
  MOBASIM_INLINE static void store(float* p, __m512 v) { _mm512_storeu_ps(p, v); }
  MOBASIM_INLINE static __m512 broadcast(const float* p) { return _mm512_set1_ps(*p); }
  MOBASIM_INLINE static __m512 add(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
  MOBASIM_INLINE static __m512 add_product(__m512 sum, __m512 a, __m512 b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

#include "kernels/cpu/micro_tile.inl"

}  // namespace

bool has_avx512_bf16() { return __builtin_cpu_supports("avx512bf16"); }
bool fast_avx512_bf16() { return !__builtin_cpu_is("intel"); }

void multiply_by_avx512_bf16(i64 rows, i64 columns, i64 depth, LeftOperand a, const float* b, i64 b_row, float* c,
                             i64 c_row, bool add) {
  multiply<Operations>(rows, columns, depth, a, b, b_row, c, c_row, add);
}

double dot_products_by_avx512_bf16(double count, float* sink) { return chains<Operations, 24>(count, 2, sink); }

}  // namespace mobasim::kernels::cpu

#else

#include <cstdlib>

namespace mobasim::kernels::cpu {

bool has_avx512_bf16() { return false; }
bool fast_avx512_bf16() { return false; }
void multiply_by_avx512_bf16(std::int64_t, std::int64_t, std::int64_t, LeftOperand, const float*, std::int64_t, float*,
                             std::int64_t, bool) {
  std::abort();
}
double dot_products_by_avx512_bf16(double, float*) { std::abort(); }

}  // namespace mobasim::kernels::cpu
#endif
