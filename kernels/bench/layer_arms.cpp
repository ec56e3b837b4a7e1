// A layer of a transformer as bench times it: each run is a forward and a backward pass, on inputs at another place.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "kernels/bench/arms.h"
#include "kernels/layer/gemm.h"
#include "kernels/layer/layer.h"
#include "sim/base/error.h"

namespace mobasim::kernels::bench {
namespace {

// The layer is made by the first run, which warms up: groups that wait hold no memory.
template <class T>
Arm layer_arm(const LayerShape& shape, const ArmOptions& options) {
  const auto layer = std::make_shared<std::optional<Layer<T>>>();
  return {[shape, &pool = pool_of<T>(*options.pools), threads = options.threads, micro = options.micro, layer] {
    if (!*layer) layer->emplace(shape, threads, 1, micro);
    const auto values = static_cast<std::size_t>(shape.sequence * shape.hidden);
    const std::span<const T> x = pool.next(values), d_y = pool.next(values);
    const double begin = now();
    (*layer)->forward(x.data());
    const double middle = now();
    (*layer)->backward(x.data(), d_y.data());
    return std::vector<double>{middle - begin, now() - middle};
  }};
}

ProfileRow layer_row(const LayerShape& shape, Dtype dtype, const ArmOptions& options, const char* pass) {
  ProfileRow row = attention_row(attention_of(shape), "mobasim_cpu", name(dtype), pass);
  row.operation = "layer";
  row.hidden = shape.hidden;
  row.ffn = shape.ffn;
  row.threads = options.threads;
  row.flops = pass == std::string_view("forward") ? forward_flops(shape) : backward_flops(shape);
  return row;
}

}  // namespace

Group layer_group(const std::vector<LayerShape>& shapes, const ArmOptions& options,
                  std::vector<std::string>& left_out) {
  const LayerShape& first = shapes.front();
  Group group;
  group.name = fmt::format("layer of hidden {}, {} tokens", first.hidden, first.sequence);
  for (const Dtype dtype : options.dtypes) {
    if (const std::string problem = gemm_problem(dtype, options.threads); !problem.empty()) {
      if (std::find(left_out.begin(), left_out.end(), problem) == left_out.end()) left_out.push_back(problem);
      continue;
    }
    for (const LayerShape& shape : shapes) {
      group.arms.push_back(dtype == Dtype::f32 ? layer_arm<float>(shape, options) : layer_arm<Bf16>(shape, options));
      group.rows.push_back({layer_row(shape, dtype, options, "forward"), layer_row(shape, dtype, options, "backward")});
      group.work.push_back(forward_flops(shape) + backward_flops(shape));
      group.kinds.push_back(fmt::format("layer {} {}", name(shape.mechanism), name(dtype)));
    }
  }
  return group;
}

}  // namespace mobasim::kernels::bench
