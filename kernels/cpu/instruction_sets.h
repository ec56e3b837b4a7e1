// Which of the instruction sets that Highway compiles for (hwy/ops/set_macros-inl.h) this machine runs, processor and
// operating system. Highway's own answer, hwy::SupportedTargets(), comes with a library that, whenever a program that is
// linked to it starts, measures a timer for milliseconds.
#pragma once

namespace mobasim::kernels {

#if defined(__x86_64__)
[[nodiscard]] inline bool runs_avx2() {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("aes") &&
         __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt");
}
[[nodiscard]] inline bool runs_avx512() {
  return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
}
#else
[[nodiscard]] inline bool runs_avx2() { return false; }
[[nodiscard]] inline bool runs_avx512() { return false; }
#endif

}  // namespace mobasim::kernels
