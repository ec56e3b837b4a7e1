#include "kernels/backend/backend.h"

#include <fmt/format.h>

#include "kernels/cpu/attention.h"
#include "kernels/cuda/run.h"
#include "kernels/cuda/target.h"
#include "kernels/reference/reference.h"
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

std::vector<double> wide(const std::vector<Bf16>& values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const Bf16 value : values) out.push_back(static_cast<double>(widened(value)));
  return out;
}

template <class T>
std::vector<T> stored_values(const std::vector<float>& values) {
  std::vector<T> out;
  out.reserve(values.size());
  for (const float value : values) out.push_back(stored<T>(value));
  return out;
}

// T: of the tensors.
template <class T>
Computed by_cpu(const Problem& problem, const Tensors& tensors, const cpu::Options& options) {
  const std::vector<T> q = stored_values<T>(tensors.q), k = stored_values<T>(tensors.k);
  const std::vector<T> v = stored_values<T>(tensors.v), d_o = stored_values<T>(tensors.d_o);
  const Inputs<T> inputs{q, k, v, d_o};
  Forward<T> forward;
  cpu::forward(problem, inputs, options, forward);
  Computed out{{wide(forward.o), forward.lse, forward.selection}, {}};
  if (d_o.empty()) return out;
  Gradients<T> gradients;
  cpu::backward(problem, inputs, forward, options, gradients);
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
  const cpu::Options passes{options.threads, options.micro, dtype, nullptr};
  const bool bf16 = dtype == Dtype::bf16;
  const std::string name = options.micro == nullptr ? "cpu" : std::string("cpu/") + options.micro->name;
  return {name, dtype, bf16 ? Dtype::bf16 : Dtype::f32, false,
          [passes, bf16](const Problem& problem, const Tensors& tensors, const KernelOptions&) {
            return bf16 ? by_cpu<Bf16>(problem, tensors, passes) : by_cpu<float>(problem, tensors, passes);
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

std::vector<Dtype> dtypes_of_backend(const std::string& name) {
  if (name == "cpu") return {Dtype::f32, Dtype::bf16};
  if (name == "simt" || name == "cuda") return {Dtype::bf16, Dtype::fp16};
  return {};
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
