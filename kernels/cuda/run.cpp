#include "kernels/cuda/run.h"

#include <algorithm>
#include <limits>
#include <string>

#include "kernels/cuda/memory.h"
#include "kernels/simt/numbers.h"
#include "sim/base/error.h"

namespace mobasim::kernels::cuda {
namespace {

constexpr const char* kWhat = "this problem on the CUDA kernels";

// A tensor of 16-bit numbers in the target's memory.
class Tensor16 {
 public:
  Tensor16(const Target& target, const std::vector<float>& values, Dtype dtype, const char* name)
      : size_(values.size()), memory_(target, 2 * size_, name) {
    const std::vector<std::uint16_t> packed = packed_16(values, dtype);
    if (size_ > 0) memory_.upload(packed.data(), 2 * size_);
  }
  Tensor16(const Target& target, std::size_t size, const char* name) : size_(size), memory_(target, 2 * size_, name) {}
  [[nodiscard]] void* data() const { return memory_.data(); }
  [[nodiscard]] std::vector<double> values(Dtype dtype) const {
    std::vector<std::uint16_t> packed(size_);
    if (size_ > 0) memory_.download(packed.data(), 2 * size_);
    return unpacked_16(packed, dtype);
  }

 private:
  std::size_t size_;
  Memory memory_;
};

template <class T>
std::vector<T> downloaded(const Memory& memory, std::size_t size) {
  std::vector<T> values(size);
  if (size > 0) memory.download(values.data(), size * sizeof(T));
  return values;
}

}  // namespace

Element element_of(Dtype dtype) {
  if (dtype != Dtype::bf16 && dtype != Dtype::fp16) {
    throw Unsupported(kWhat, "they take bf16 and fp16, not " + std::string(name(dtype)));
  }
  return dtype == Dtype::bf16 ? Element::bf16 : Element::fp16;
}

Shape shape_of(const Problem& problem, Dtype dtype) {
  if (problem.mechanism == Mechanism::sliding_window) throw Unsupported(kWhat, "they do no sliding windows");
  const Element element = element_of(dtype);
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  const std::int64_t greatest =
      std::max({tokens(problem), problem.heads, problem.kv_heads, problem.head_dim, problem.top_k});
  if (greatest > kMost) throw Unsupported(kWhat, "they count in 32 bits");
  Shape shape;
  shape.moba = problem.mechanism == Mechanism::moba;
  shape.element = element;
  shape.cu_seqlens.assign(problem.cu_seqlens.begin(), problem.cu_seqlens.end());
  shape.heads = static_cast<int>(problem.heads);
  shape.kv_heads = static_cast<int>(problem.kv_heads);
  shape.head_dim = static_cast<int>(problem.head_dim);
  shape.block = static_cast<int>(std::min(problem.block, kMost));
  shape.top_k = static_cast<int>(problem.top_k);
  if (const std::string why = unsupported(shape); !why.empty()) throw Unsupported(kWhat, why);
  return shape;
}

std::vector<std::uint16_t> packed_16(const std::vector<float>& values, Dtype dtype) {
  std::vector<std::uint16_t> packed(values.size());
  std::transform(values.begin(), values.end(), packed.begin(), [dtype](float value) {
    return static_cast<std::uint16_t>(dtype == Dtype::bf16 ? simt::bf16_bits(value) : simt::fp16_bits(value));
  });
  return packed;
}

std::vector<double> unpacked_16(const std::vector<std::uint16_t>& values, Dtype dtype) {
  std::vector<double> unpacked(values.size());
  std::transform(values.begin(), values.end(), unpacked.begin(), [dtype](std::uint16_t bits) {
    return static_cast<double>(dtype == Dtype::bf16 ? simt::bf16_value(bits) : simt::fp16_value(bits));
  });
  return unpacked;
}

Computed computed_on(const Target& target, const Problem& problem, const Tensors& tensors, Dtype dtype,
                     const KernelOptions& options) {
  check_inputs(problem, tensors.q.size(), tensors.k.size(), tensors.v.size());
  Shape shape = shape_of(problem, dtype);
  if (options.chunk_tokens > 0) shape.chunk_tokens = options.chunk_tokens;
  shape.deterministic = options.deterministic;
  const std::size_t rows = static_cast<std::size_t>(tokens(problem) * problem.heads);
  const std::size_t pick_count = rows * static_cast<std::size_t>(slots_of(problem));
  const Tensor16 q(target, tensors.q, dtype, "q"), k(target, tensors.k, dtype, "k"), v(target, tensors.v, dtype, "v");
  const Tensor16 o(target, tensors.q.size(), "o");
  const Memory lse(target, rows * sizeof(float), "lse"), picks(target, pick_count * sizeof(int), "picks");
  int* const pick_data = pick_count > 0 ? static_cast<int*>(picks.data()) : nullptr;

  Computed out;
  {
    const Memory workspace(target, forward_workspace(shape), "workspace");
    target.forward(shape, {q.data(), k.data(), v.data(), o.data(), static_cast<float*>(lse.data()), pick_data},
                   workspace.data(), nullptr, {});
    target.synchronize(nullptr);
  }
  out.forward.o = o.values(dtype);
  const std::vector<float> logs = downloaded<float>(lse, rows);
  out.forward.lse.assign(logs.begin(), logs.end());
  out.forward.selection.picks = downloaded<std::int32_t>(picks, pick_count);
  if (tensors.d_o.empty()) return out;

  check_backward(problem, tensors.d_o.size(), tensors.q.size(), rows, pick_count);
  const Tensor16 d_o(target, tensors.d_o, dtype, "d_o"), dq(target, tensors.q.size(), "dq");
  const Tensor16 dk(target, tensors.k.size(), "dk"), dv(target, tensors.v.size(), "dv");
  {
    const Memory workspace(target, backward_workspace(shape), "workspace");
    target.backward(shape,
                    {q.data(), k.data(), v.data(), o.data(), d_o.data(), static_cast<const float*>(lse.data()),
                     pick_data, dq.data(), dk.data(), dv.data()},
                    workspace.data(), nullptr, {});
    target.synchronize(nullptr);
  }
  out.gradients = {dq.values(dtype), dk.values(dtype), dv.values(dtype)};
  return out;
}

}  // namespace mobasim::kernels::cuda
