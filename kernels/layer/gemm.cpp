#include "kernels/layer/gemm.h"

#include <fmt/format.h>
#include <omp.h>

#include "kernels/cpu/parallel.h"
#include "kernels/onednn/gemm.h"
#include "sim/base/error.h"
#include "sim/base/module.h"

namespace mobasim::kernels {
namespace {

// The library uses as many threads as OpenMP's default team has, when it plans a gemm and when it runs it.
class TeamOf {
 public:
  explicit TeamOf(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  TeamOf(const TeamOf&) = delete;
  TeamOf& operator=(const TeamOf&) = delete;
  ~TeamOf() { omp_set_num_threads(before_); }

 private:
  int before_;
};

const onednn::Library& library() {
  using Entry = decltype(onednn::mobasim_onednn_library);
  static const onednn::Library* loaded = function_of_module<Entry>(onednn::kModule, onednn::kFunction)();
  return *loaded;
}

void check(const GemmShape& shape) {
  if (shape.m < 1 || shape.n < 1 || shape.k < 1) {
    throw ConfigError(fmt::format("a matrix product of {} x {} x {}: sizes must be >= 1", shape.m, shape.n, shape.k));
  }
  if (shape.dtype != Dtype::f32 && shape.dtype != Dtype::bf16) {
    throw ConfigError(fmt::format("a matrix product in {}: f32 or bf16", name(shape.dtype)));
  }
}

}  // namespace

struct Gemm::State {
  int threads;
  onednn::PlannedGemm product;
};

Gemm::Gemm(const GemmShape& shape, int threads) {
  check(shape);
  const std::string what = fmt::format("a matrix product in {}", name(shape.dtype));
  const TeamOf team(cpu::thread_count(threads));
  state_ = std::make_unique<State>(State{cpu::thread_count(threads), library().planned(shape)});
  if (const std::string& problem = state_->product.problem; !problem.empty()) {
    throw Unsupported(what, fmt::format("{} on this processor: {}", gemm_library(), problem));
  }
  if (kernel().starts_with("ref")) {
    throw Unsupported(what, fmt::format("{} has only its slow reference for this processor", gemm_library()));
  }
}

Gemm::Gemm(Gemm&&) noexcept = default;
Gemm& Gemm::operator=(Gemm&&) noexcept = default;
Gemm::~Gemm() = default;

void Gemm::run(const void* a, const void* b, void* c) {
  const TeamOf team(state_->threads);
  state_->product.run(a, b, c);
}

std::string Gemm::kernel() const { return state_->product.kernel; }

std::string gemm_problem(Dtype dtype, int threads) {
  try {
    (void)Gemm({64, 64, 64, dtype}, threads);
  } catch (const Unsupported& error) {
    return error.what();
  }
  return "";
}

std::string gemm_library() { return fmt::format("oneDNN {}", library().version()); }

}  // namespace mobasim::kernels
