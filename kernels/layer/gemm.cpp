#include "kernels/layer/gemm.h"

#include <fmt/format.h>
#include <omp.h>

#include <dnnl.hpp>

#include "kernels/cpu/parallel.h"
#include "sim/base/error.h"

namespace mobasim::kernels {
namespace {

// The library uses as many threads as OpenMP's default team has, when it plans a product and when it runs it.
class TeamOf {
 public:
  explicit TeamOf(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  TeamOf(const TeamOf&) = delete;
  TeamOf& operator=(const TeamOf&) = delete;
  ~TeamOf() { omp_set_num_threads(before_); }

 private:
  int before_;
};

dnnl::memory::desc matrix(std::int64_t rows, std::int64_t columns, Dtype dtype, bool transposed) {
  const auto type = dtype == Dtype::f32 ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
  const dnnl::memory::dims strides = transposed ? dnnl::memory::dims{1, rows} : dnnl::memory::dims{columns, 1};
  return {{rows, columns}, type, strides};
}

dnnl::matmul::primitive_desc planned(const ProductShape& shape, const dnnl::engine& engine) {
  const auto a = matrix(shape.m, shape.k, shape.dtype, shape.transpose_a);
  const auto b = matrix(shape.k, shape.n, shape.dtype, shape.transpose_b);
  const auto c = matrix(shape.m, shape.n, shape.dtype, false);
#if DNNL_VERSION_MAJOR >= 3
  return {engine, a, b, c};
#else
  return {dnnl::matmul::desc(a, b, c), engine};
#endif
}

void check(const ProductShape& shape) {
  if (shape.m < 1 || shape.n < 1 || shape.k < 1) {
    throw ConfigError(fmt::format("a matrix product of {} x {} x {}: sizes must be >= 1", shape.m, shape.n, shape.k));
  }
  if (shape.dtype != Dtype::f32 && shape.dtype != Dtype::bf16) {
    throw ConfigError(fmt::format("a matrix product in {}: f32 or bf16", name(shape.dtype)));
  }
}

}  // namespace

struct MatrixProduct::State {
  int threads;
  dnnl::engine engine;
  dnnl::stream stream;
  dnnl::matmul::primitive_desc plan;
  dnnl::matmul product;
  dnnl::memory a, b, c;

  State(const ProductShape& shape, int threads_)
      : threads(threads_),
        engine(dnnl::engine::kind::cpu, 0),
        stream(engine),
        plan(planned(shape, engine)),
        product(plan),
        a(plan.src_desc(), engine, nullptr),
        b(plan.weights_desc(), engine, nullptr),
        c(plan.dst_desc(), engine, nullptr) {}
};

MatrixProduct::MatrixProduct(const ProductShape& shape, int threads) {
  check(shape);
  const std::string what = fmt::format("a matrix product in {}", name(shape.dtype));
  const TeamOf team(cpu::thread_count(threads));
  try {
    state_ = std::make_unique<State>(shape, cpu::thread_count(threads));
  } catch (const dnnl::error& error) {
    throw Unsupported(what, fmt::format("{} on this processor: {}", product_library(), error.what()));
  }
  if (kernel().starts_with("ref")) {
    throw Unsupported(what, fmt::format("{} has only its slow reference for this processor", product_library()));
  }
}

MatrixProduct::MatrixProduct(MatrixProduct&&) noexcept = default;
MatrixProduct& MatrixProduct::operator=(MatrixProduct&&) noexcept = default;
MatrixProduct::~MatrixProduct() = default;

void MatrixProduct::run(const void* a, const void* b, void* c) {
  State& s = *state_;
  const TeamOf team(s.threads);
  s.a.set_data_handle(const_cast<void*>(a));  // the library reads it only
  s.b.set_data_handle(const_cast<void*>(b));
  s.c.set_data_handle(c);
  s.product.execute(s.stream, {{DNNL_ARG_SRC, s.a}, {DNNL_ARG_WEIGHTS, s.b}, {DNNL_ARG_DST, s.c}});
  s.stream.wait();
}

std::string MatrixProduct::kernel() const { return state_->plan.impl_info_str(); }

std::string products_problem(Dtype dtype, int threads) {
  try {
    (void)MatrixProduct({64, 64, 64, dtype}, threads);
  } catch (const Unsupported& error) {
    return error.what();
  }
  return "";
}

std::string product_library() {
  const dnnl_version_t& version = *dnnl::version();
  return fmt::format("oneDNN {}.{}.{}", version.major, version.minor, version.patch);
}

}  // namespace mobasim::kernels
