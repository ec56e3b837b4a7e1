// The name of a kernel, from the compiler and from a demangled symbol.
#include "kernels/cuda/kernel_name.h"

#include "kernels/cuda/launch.h"
#include "tests/catch.h"

namespace mobasim::tests::kernel_name_test {
namespace {

struct Parameters {};
template <class Element, int kWidth, bool kFlag>
void some_kernel(Parameters) {}
void plain_kernel(Parameters) {}

TEST_CASE("a kernel is named with its template arguments and without namespaces") {
  using kernels::cuda::kernel_name;
  using Name = std::string_view;
  CHECK(Name(kernel_name<some_kernel<kernels::simt::Bf16, 64, true>>()) == "some_kernel<Bf16, 64, true>");
  CHECK(Name(kernel_name<some_kernel<kernels::simt::Fp16, 128, false>>()) == "some_kernel<Fp16, 128, false>");
  CHECK(Name(kernel_name<plain_kernel>()) == "plain_kernel");
}

TEST_CASE("a demangled symbol gives the same name") {
  using kernels::cuda::short_kernel_name;
  CHECK(short_kernel_name("void a::gpu::(anonymous namespace)::f<a::b::Bf16, 64, true>(a::b::Parameters)") ==
        "f<Bf16, 64, true>");
  CHECK(short_kernel_name("a::gpu::(anonymous namespace)::place(a::Parameters)") == "place");
  CHECK(short_kernel_name("a::{anonymous}::f<a::C<1>, 2>") == "f<C<1>, 2>");
  CHECK(short_kernel_name("void (anonymous namespace)::map<(anonymous namespace)::Exp2>(P)") == "map<Exp2>");
}

}  // namespace
}  // namespace mobasim::tests::kernel_name_test
