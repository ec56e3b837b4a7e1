#include "kernels/cpu/micro_kernels.h"

#include <algorithm>
#include <bit>
#include <type_traits>

// The files below are compiled once for each of these. Processors of x86 without AVX2 (none made since 2015) have the
// last.
#define HWY_DISABLED_TARGETS (~(HWY_AVX3 | HWY_AVX2 | HWY_NEON | HWY_EMU128 | HWY_SCALAR))
#define HWY_TARGET_INCLUDE "kernels/cpu/micro_kernels.cpp"
#include <hwy/foreach_target.h>
// After it:
#include "kernels/cpu/micro_products-inl.h"
#include "kernels/cpu/micro_rows-inl.h"
#include "kernels/cpu/micro_softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace mobasim::kernels::cpu::HWY_NAMESPACE {

constexpr const char* kName = HWY_TARGET == HWY_AVX3   ? "avx512"
                              : HWY_TARGET == HWY_AVX2 ? "avx2"
                              : HWY_TARGET == HWY_NEON ? "neon"
                                                       : "scalar";

double multiply_adds(double count, float* sink) {
  return chains < F32Operations, kWidth == 16 ? 24 : 12 > (count, 1, sink);
}

extern const MicroKernels table;
const MicroKernels table = {
    kName,
    {1, multiply<F32Operations>, finite<F32Operations>, softmax<false>, softmax_backward<false>},
    {2, multiply<PairOperations>, finite<PairOperations>, softmax<true>, softmax_backward<true>},
    scale_rows,
    transpose,
    interleave,
    write_f32,
    write_bf16,
    top_blocks,
    multiply_adds,
    nullptr};

}  // namespace mobasim::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <fmt/format.h>

#include "kernels/cpu/instruction_sets.h"
#include "kernels/cpu/micro_bf16.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels::cpu {

const std::vector<const MicroKernels*>& micro_kernels() {
  static const std::vector<const MicroKernels*> tables = [] {
    std::vector<const MicroKernels*> found;
#if HWY_TARGETS & HWY_AVX3
    static const MicroKernels with_bf16 = [] {
      MicroKernels micro = N_AVX3::table;
      micro.name = "avx512_bf16";
      micro.bf16.multiply = multiply_by_avx512_bf16;
      micro.dot_products = dot_products_by_avx512_bf16;
      return micro;
    }();
    if (runs_avx512()) {
      found.push_back(&N_AVX3::table);
      if (has_avx512_bf16()) found.insert(fast_avx512_bf16() ? found.begin() : found.end(), &with_bf16);
    }
#endif
#if HWY_TARGETS & HWY_AVX2
    if (runs_avx2()) found.push_back(&N_AVX2::table);
#endif
#if HWY_STATIC_TARGET != HWY_AVX2 && HWY_STATIC_TARGET != HWY_AVX3
    found.push_back(&HWY_NAMESPACE::table);  // what the compiler may use everywhere
#endif
    return found;
  }();
  return tables;
}

const MicroKernels& micro_kernels_named(const std::string& name) {
  std::vector<std::string> names;
  for (const MicroKernels* micro : micro_kernels()) {
    if (micro->name == name) return *micro;
    names.emplace_back(micro->name);
  }
  throw ConfigError(fmt::format("this processor has no instruction set '{}'; it has {}{}", name, joined(names),
                                suggestion(name, names)));
}

}  // namespace mobasim::kernels::cpu
#endif
