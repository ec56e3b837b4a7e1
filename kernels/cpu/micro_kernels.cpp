#include "kernels/cpu/micro_kernels.h"

namespace mobasim::kernels {

namespace micro_baseline {
extern const MicroKernels table;
}
#ifdef MOBASIM_MICRO_X86
namespace micro_avx2 {
extern const MicroKernels table;
}
namespace micro_avx512 {
extern const MicroKernels table;
}
#endif

const std::vector<const MicroKernels*>& micro_kernels() {
  static const std::vector<const MicroKernels*> tables = [] {
    std::vector<const MicroKernels*> found;
#ifdef MOBASIM_MICRO_X86
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      found.push_back(&micro_avx512::table);
    }
    if (avx2) found.push_back(&micro_avx2::table);
#endif
    found.push_back(&micro_baseline::table);
    return found;
  }();
  return tables;
}

}  // namespace mobasim::kernels
