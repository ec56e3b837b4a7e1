// The hardware as the CUDA kernels see it: about thirty primitives, with one meaning and two implementations. A kernel
// includes this header only, and touches memory through these functions only.
//
//   nvcc            simt/device.h: inline PTX, sm_80 and up
//   a C++ compiler  simt/host.h: the SIMT executor, every CUDA thread a fiber, every access checked
//
// Which of the two a name belongs to is in an inline namespace (gpu, host), so that both can be linked into one
// program.
#pragma once

#include "kernels/simt/types.h"

#if defined(__CUDACC__)
#include "kernels/simt/device.h"
#else
#include "kernels/simt/host.h"
#endif
