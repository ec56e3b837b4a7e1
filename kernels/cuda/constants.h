// Numbers that several kernels share.
#pragma once

namespace mobasim::kernels::cuda {

constexpr float kLog2E = 1.4426950408889634f;
constexpr float kLn2 = 0.6931471805599453f;

}  // namespace mobasim::kernels::cuda
