#include "kernels/onednn/gemm.h"

#include <fmt/format.h>

#include <dnnl.hpp>
#include <memory>

namespace mobasim::kernels::onednn {
namespace {

dnnl::memory::desc matrix(std::int64_t rows, std::int64_t columns, Dtype dtype, bool transposed) {
  const auto type = dtype == Dtype::f32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
  const dnnl::memory::dims strides = transposed ? dnnl::memory::dims{1, rows} : dnnl::memory::dims{columns, 1};
  return {{rows, columns}, type, strides};
}

dnnl::matmul::primitive_desc plan_of(const GemmShape& shape, const dnnl::engine& engine) {
  const auto a = matrix(shape.m, shape.k, shape.dtype, shape.transpose_a);
  const auto b = matrix(shape.k, shape.n, shape.dtype, shape.transpose_b);
  const auto c = matrix(shape.m, shape.n, shape.dtype, false);
#if DNNL_VERSION_MAJOR >= 3
  return {engine, a, b, c};
#else
  return {dnnl::matmul::desc(a, b, c), engine};
#endif
}

struct State {
  dnnl::engine engine;
  dnnl::stream stream;
  dnnl::matmul::primitive_desc plan;
  dnnl::matmul product;
  dnnl::memory a, b, c;

  explicit State(const GemmShape& shape)
      : engine(dnnl::engine::kind::cpu, 0),
        stream(engine),
        plan(plan_of(shape, engine)),
        product(plan),
        a(plan.src_desc(), engine, nullptr),
        b(plan.weights_desc(), engine, nullptr),
        c(plan.dst_desc(), engine, nullptr) {}
};

PlannedGemm planned(const GemmShape& shape) {
  try {
    const auto state = std::make_shared<State>(shape);
    const auto run = [state](const void* a, const void* b, void* c) {
      state->a.set_data_handle(const_cast<void*>(a));  // the library reads it only
      state->b.set_data_handle(const_cast<void*>(b));
      state->c.set_data_handle(c);
      state->product.execute(state->stream,
                             {{DNNL_ARG_SRC, state->a}, {DNNL_ARG_WEIGHTS, state->b}, {DNNL_ARG_DST, state->c}});
      state->stream.wait();
    };
    return {run, state->plan.impl_info_str(), ""};
  } catch (const dnnl::error& error) {
    return {{}, "", error.what()};
  }
}

std::string version() {
  const dnnl_version_t& version = *dnnl::version();
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

}  // namespace

extern "C" const Library* mobasim_onednn_library() {
  static constexpr Library library{planned, version};
  return &library;
}

}  // namespace mobasim::kernels::onednn
