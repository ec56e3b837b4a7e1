// The last stage of the backward pass: the f32 sums of dq, scaled, in the element.
#pragma once

#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct ConvertParameters {
  const float* dq_sum;  // [tokens, heads, head_dim]
  void* dq;             // the same in the element
  float scale;
  int tokens, width;  // width: heads * head_dim
};

inline namespace MOBASIM_TARGET {
void launch_convert(Element element, const ConvertParameters& parameters, Stream stream);
}

}  // namespace mobasim::kernels::cuda
