// Laws of the passes, on the SIMT executor: what must not change a bit, what memory they take, what they refuse.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/cases.h"
#include "kernels/cuda/run.h"
#include "kernels/simt/executor.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::pipeline_test {
using namespace kernels;

namespace {

Problem moba(std::vector<std::int64_t> cu_seqlens, std::int64_t top_k) {
  return {Mechanism::moba, std::move(cu_seqlens), 2, 1, 64, 64, top_k, 0};
}

Computed computed(const Problem& problem, const Tensors& tensors, const KernelOptions& options = {},
                  std::uint64_t seed = 1, const cuda::Target& target = cuda::simt_target()) {
  simt::ExecutorOptions executor;
  executor.seed = seed;
  executor.count_memory = false;
  const simt::Session session(executor);
  return cuda::computed_on(target, problem, tensors, Dtype::bf16, options);
}

Tensors tensors_of(const Problem& problem, std::uint64_t seed = 7) {
  return rounded(filled(problem, Fill::normal, seed), Dtype::bf16);
}

bool same_bits(const Computed& a, const Computed& b) {
  return a.forward.o == b.forward.o && a.forward.lse == b.forward.lse &&
         a.forward.selection.picks == b.forward.selection.picks && a.gradients.dq == b.gradients.dq &&
         a.gradients.dk == b.gradients.dk && a.gradients.dv == b.gradients.dv;
}

constexpr KernelOptions kDeterministic = {0, true};

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class T>
std::vector<T> part(const std::vector<T>& values, std::int64_t begin, std::int64_t end, std::int64_t width) {
  return {values.begin() + begin * width, values.begin() + end * width};
}

// A workspace that holds this byte everywhere.
template <int kByte>
void* allocate_filled(std::size_t bytes, const char* what) {
  void* memory = simt::allocate(bytes, what);
  if (std::strcmp(what, "workspace") == 0 && bytes > 0) simt::fill(memory, kByte, bytes);
  return memory;
}

std::string told;  // by the hooks; a Target's functions are plain pointers and can hold nothing

cuda::StageHooks telling_hooks() {
  return {[](cuda::Stage stage) { told += std::string(cuda::name(stage)) + "("; }, [](cuda::Stage) { told += ") "; }};
}

}  // namespace

TEST_CASE("MoBA that selects all blocks is full attention, bit for bit") {
  Problem problem = moba({0, 200, 330}, 4);
  const Tensors tensors = tensors_of(problem);
  const Computed by_moba = computed(problem, tensors, kDeterministic);
  for (const std::int32_t pick : by_moba.forward.selection.picks) REQUIRE(pick == -1);
  problem.mechanism = Mechanism::full;
  const Computed by_full = computed(problem, tensors, kDeterministic);
  CHECK(by_moba.forward.o == by_full.forward.o);
  CHECK(by_moba.forward.lse == by_full.forward.lse);
  CHECK(by_moba.gradients.dq == by_full.gradients.dq);
  CHECK(by_moba.gradients.dk == by_full.gradients.dk);
  CHECK(by_moba.gradients.dv == by_full.gradients.dv);
}

TEST_CASE("packed sequences give what each gives alone, bit for bit") {
  const Problem packed = moba({0, 210, 210, 211, 530}, 3);
  const Tensors tensors = tensors_of(packed);
  const Computed together = computed(packed, tensors, kDeterministic);
  Computed apart;
  for (std::size_t s = 0; s + 1 < packed.cu_seqlens.size(); ++s) {
    const std::int64_t begin = packed.cu_seqlens[s], end = packed.cu_seqlens[s + 1];
    const Tensors own = {part(tensors.q, begin, end, 128), part(tensors.k, begin, end, 64),
                         part(tensors.v, begin, end, 64), part(tensors.d_o, begin, end, 128)};
    const Computed one = computed(moba({0, end - begin}, 3), own, kDeterministic);
    append(apart.forward.o, one.forward.o);
    append(apart.forward.lse, one.forward.lse);
    append(apart.forward.selection.picks, one.forward.selection.picks);
    append(apart.gradients.dq, one.gradients.dq);
    append(apart.gradients.dk, one.gradients.dk);
    append(apart.gradients.dv, one.gradients.dv);
  }
  CHECK(same_bits(together, apart));
}

TEST_CASE("chunks of queries, wherever their borders fall, change no bit") {
  const Problem problem = moba({0, 90, 420}, 3);
  Tensors tensors = tensors_of(problem);
  tensors.d_o.clear();
  const Computed whole = computed(problem, tensors);
  for (const int chunk : {1000, 128, 101, 37}) {
    INFO("chunks of " << chunk);
    const Computed chunked = computed(problem, tensors, {chunk, false});
    CHECK(chunked.forward.selection.picks == whole.forward.selection.picks);
    CHECK(chunked.forward.o == whole.forward.o);
    CHECK(chunked.forward.lse == whole.forward.lse);
  }
}

TEST_CASE("deterministic: the same bits in any order of blocks, warps and lanes") {
  for (Problem problem : {moba({0, 330}, 3), moba({0, 150, 300}, 1), moba({0, 280}, 9)}) {
    problem.heads = 4;
    const Tensors tensors = tensors_of(problem);
    const Computed first = computed(problem, tensors, kDeterministic, 1);
    for (const std::uint64_t seed : {2u, 3u}) CHECK(same_bits(computed(problem, tensors, kDeterministic, seed), first));
  }
}

TEST_CASE("what a workspace held before does not matter, and its size is enough and needed") {
  const Problem problem = moba({0, 90, 420}, 3);
  const Tensors tensors = tensors_of(problem);
  const Computed expected = computed(problem, tensors, kDeterministic);  // on undefined memory, every read checked
  cuda::Target target = cuda::simt_target();
  target.allocate = allocate_filled<0xff>;  // NaN
  CHECK(same_bits(computed(problem, tensors, kDeterministic, 1, target), expected));
  target.allocate = allocate_filled<0x3f>;  // small positive numbers
  CHECK(same_bits(computed(problem, tensors, kDeterministic, 1, target), expected));
  target.allocate = [](std::size_t bytes, const char* what) {
    return simt::allocate(std::strcmp(what, "workspace") == 0 ? bytes - 4 : bytes, what);
  };
  CHECK_THROWS(computed(problem, tensors, kDeterministic, 1, target));
}

TEST_CASE("the workspace of partial results is bounded by the chunk") {
  cuda::Shape shape = cuda::shape_of(moba({0, 1 << 20}, 8), Dtype::bf16);
  shape.chunk_tokens = 1 << 14;
  const std::size_t chunked = cuda::forward_workspace(shape);
  shape.chunk_tokens = 1 << 20;
  const std::size_t whole = cuda::forward_workspace(shape);
  const double partials = static_cast<double>(1 << 20) * 2 * 7 * (64 * 2 + 4);
  CHECK(static_cast<double>(whole) > partials);
  CHECK(static_cast<double>(whole) < 1.2 * partials);
  CHECK(static_cast<double>(chunked) < 0.1 * partials);
}

TEST_CASE("stages run in order, each begun before it ends") {
  const Problem problem = moba({0, 420}, 3);
  const Tensors tensors = tensors_of(problem);
  told.clear();
  cuda::Target target = cuda::simt_target();
  target.forward = [](const cuda::Shape& shape, const cuda::ForwardTensors& t, void* workspace, cuda::Stream stream,
                      const cuda::StageHooks&) {
    cuda::simt_target().forward(shape, t, workspace, stream, telling_hooks());
  };
  target.backward = [](const cuda::Shape& shape, const cuda::BackwardTensors& t, void* workspace, cuda::Stream stream,
                       const cuda::StageHooks&) {
    cuda::simt_target().backward(shape, t, workspace, stream, telling_hooks());
  };
  (void)computed(problem, tensors, {300, false}, 1, target);
  CHECK(told ==
        "pool() gate() index() routed() own() index() routed() own() delta() index() backward_keys() convert() ");
}

TEST_CASE("what the kernels do not do is refused in words") {
  const auto why = [](auto change) {
    Problem problem = moba({0, 100}, 3);
    change(problem);
    try {
      (void)cuda::shape_of(problem, Dtype::bf16);
    } catch (const mobasim::Unsupported& refused) {
      return std::string(refused.what());
    }
    return std::string();
  };
  CHECK(why([](Problem&) {}) == "");
  CHECK(why([](Problem& p) { p.head_dim = 96; }).find("head_dim is 96") != std::string::npos);
  CHECK(why([](Problem& p) { p.block = 96; }).find("block is 96") != std::string::npos);
  CHECK(why([](Problem& p) { p.block = 32; }).find("block is 32") != std::string::npos);
  CHECK(why([](Problem& p) { p.top_k = 65; }).find("top_k is 65") != std::string::npos);
  CHECK(why([](Problem& p) { p.cu_seqlens = {0, 1 << 26}; }).find("tokens is") != std::string::npos);
  CHECK(why([](Problem& p) { p.heads = 70000; }).find("heads is 70000") != std::string::npos);
  CHECK(why([](Problem& p) { p.heads = std::int64_t{1} << 40; }).find("32 bits") != std::string::npos);
  CHECK(why([](Problem& p) { p.mechanism = Mechanism::sliding_window; }).find("sliding") != std::string::npos);
  CHECK_THROWS_AS(cuda::shape_of(moba({0, 100}, 3), Dtype::f32), mobasim::Unsupported);
}

TEST_CASE("16-bit packing rounds as the reference does, and comes back") {
  std::vector<float> values = {0.0f,
                               -0.0f,
                               1.0f,
                               65504.0f,
                               65519.0f,
                               65520.0f,
                               -1e30f,
                               3e-8f,
                               1e-7f,
                               6.1e-5f,
                               std::numeric_limits<float>::infinity()};
  std::vector<float> random(2000);
  fill_normal(random, 3);
  values.insert(values.end(), random.begin(), random.end());
  for (const Dtype dtype : {Dtype::bf16, Dtype::fp16}) {
    const std::vector<double> back = cuda::unpacked_16(cuda::packed_16(values, dtype), dtype);
    for (std::size_t i = 0; i < values.size(); ++i) {
      INFO(name(dtype) << " of " << values[i]);
      CHECK(back[i] == rounded(static_cast<double>(values[i]), dtype));
    }
    CHECK(std::isnan(cuda::unpacked_16(cuda::packed_16({std::nanf("")}, dtype), dtype)[0]));
  }
}

TEST_CASE("the quick cases run on the kernels, all of them, and reach every kernel in both sizes") {
  bool full[2] = {}, routed[2] = {}, grouped = false, chunked = false, deterministic = false;
  for (const Case& row : quick_cases()) {
    INFO(row.name);
    const cuda::Shape shape = cuda::shape_of(row.problem, Dtype::bf16);
    bool routes = false;
    for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
      routes = routes || cuda::routes(shape, shape.cu_seqlens[s + 1] - shape.cu_seqlens[s]);
    }
    (routes ? routed : full)[shape.head_dim == 128] = true;
    grouped = grouped || shape.heads == 8 * shape.kv_heads;
    chunked = chunked || (routes && row.options.chunk_tokens > 0);
    deterministic = deterministic || (routes && row.options.deterministic);
  }
  CHECK(full[0]);
  CHECK(full[1]);
  CHECK(routed[0]);
  CHECK(routed[1]);
  CHECK(grouped);
  CHECK(chunked);
  CHECK(deterministic);
}

}  // namespace mobasim::tests::pipeline_test
