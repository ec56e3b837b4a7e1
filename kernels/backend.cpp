#include "kernels/backend.h"

#include <fmt/format.h>

#include "kernels/cpu/attention.h"
#include "kernels/cuda/run.h"
#include "kernels/cuda/target.h"
#include "kernels/reference.h"
#include "kernels/simt/executor.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels {
namespace {

std::vector<double> wide(const std::vector<float>& values) { return {values.begin(), values.end()}; }

Computed by_reference(const Problem& problem, const Tensors& tensors, Dtype dtype) {
  const WideTensors inputs(tensors);
  Computed out;
  out.forward = reference_forward(problem, inputs.view(), {dtype, nullptr}).result;
  if (!tensors.d_o.empty()) out.gradients = reference_backward(problem, inputs.view(), out.forward).result;
  return out;
}

Computed by_cpu(const Problem& problem, const Tensors& tensors, const CpuOptions& options) {
  Forward<float> forward;
  cpu_forward(problem, tensors.view(), options, forward);
  Computed out{{wide(forward.o), forward.lse, forward.selection}, {}};
  if (tensors.d_o.empty()) return out;
  Gradients<float> gradients;
  cpu_backward(problem, tensors.view(), forward, options, gradients);
  out.gradients = {wide(gradients.dq), wide(gradients.dk), wide(gradients.dv)};
  return out;
}

}  // namespace

Backend reference_backend(const BackendOptions& options) {
  const Dtype dtype = options.dtype.value_or(Dtype::f64);
  return {"reference", dtype, Dtype::f64, true,
          [dtype](const Problem& problem, const Tensors& tensors, const KernelOptions&) {
            return by_reference(problem, tensors, dtype);
          }};
}

Backend cpu_backend(const BackendOptions& options) {
  const Dtype dtype = options.dtype.value_or(Dtype::f32);
  const CpuOptions cpu{options.threads, options.micro, dtype};
  return {"cpu", dtype, Dtype::f32, false, [cpu](const Problem& problem, const Tensors& tensors, const KernelOptions&) {
            return by_cpu(problem, tensors, cpu);
          }};
}

Backend simt_backend(const BackendOptions& options) {
  const Dtype dtype = options.dtype.value_or(Dtype::bf16);
  return {"simt", dtype, dtype, false,
          [dtype, seed = options.seed](const Problem& problem, const Tensors& tensors, const KernelOptions& kernels) {
            simt::ExecutorOptions executor;
            executor.seed = seed;
            executor.count_memory = false;
            const simt::Session session(executor);
            return cuda::computed_on(cuda::simt_target(), problem, tensors, dtype, kernels);
          }};
}

Backend cuda_backend(const BackendOptions& options) {
  const Dtype dtype = options.dtype.value_or(Dtype::bf16);
  return {"cuda", dtype, dtype, false,
          [dtype, &target = cuda::cuda_target()](const Problem& problem, const Tensors& tensors,
                                                 const KernelOptions& kernels) {
            return cuda::computed_on(target, problem, tensors, dtype, kernels);
          }};
}

const std::vector<std::string>& backend_names() {
  static const std::vector<std::string> names = {"cpu", "reference", "simt", "cuda"};
  return names;
}

Backend backend_named(const std::string& name, const BackendOptions& options) {
  if (name == "cpu") return cpu_backend(options);
  if (name == "reference") return reference_backend(options);
  if (name == "simt") return simt_backend(options);
  if (name == "cuda") return cuda_backend(options);
  throw ConfigError(fmt::format("there is no backend '{}'; there are {}{}", name, joined(backend_names()),
                                suggestion(name, backend_names())));
}

}  // namespace mobasim::kernels
