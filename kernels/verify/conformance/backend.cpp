#include <string>

#include "kernels/verify/conformance/conformance.h"
#include "sim/base/error.h"

namespace mobasim::kernels::conformance {

std::vector<Row> conformance_of(const std::string& backend) {
  if (backend == "simt") return conformance(cuda::simt_target(), host::launch_probe);
  if (backend != "cuda") throw ConfigError("conformance is of --backend simt or cuda, not " + backend);
#if defined(MOBASIM_HAS_CUDA)
  return conformance(cuda::cuda_target(), gpu::launch_probe);
#else
  (void)cuda::cuda_target();  // says why there is none
  return {};
#endif
}

}  // namespace mobasim::kernels::conformance
