// What a gemm asks of oneDNN, in plain terms: a module of its own (sim/base/module.h), whose gemm.cpp is
// the only file that includes oneDNN.
#pragma once

#include <functional>
#include <string>

#include "kernels/layer/gemm.h"

namespace mobasim::kernels::onednn {

struct PlannedGemm {
  std::function<void(const void* a, const void* b, void* c)> run;
  std::string kernel;   // what the library chose: "brg:avx512_core_bf16", ...
  std::string problem;  // why there is none; "" where there is one
};

// Both use as many threads as OpenMP's default team has, when a gemm is planned and when it is run.
struct Library {
  PlannedGemm (*planned)(const GemmShape& shape);
  std::string (*version)();  // "2.6.3", as found when the program runs
};

// The module's one function.
inline constexpr const char* kModule = "mobasim_onednn";
inline constexpr const char* kFunction = "mobasim_onednn_library";
extern "C" const Library* mobasim_onednn_library();

}  // namespace mobasim::kernels::onednn
