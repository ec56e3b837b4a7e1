// The whole case table through the CUDA kernels, on the SIMT executor.
#include "kernels/verify/verify.h"

#include "tests/catch.h"

namespace mobasim::tests::verify_test {
using namespace kernels;

namespace {

void check_every_case(Dtype dtype) {
  BackendOptions options;
  options.dtype = dtype;
  int passed = 0;
  for (const Case& row : cases_for(Purpose::verify)) {
    for (const verify::Row& result : verify::rows_of(row, simt_backend(options))) {
      INFO(result.case_name << ", " << result.pass_name << ": " << result.note);
      CHECK(result.verdict != verify::Verdict::fail);
      passed += result.verdict == verify::Verdict::pass;
    }
  }
  CHECK(passed > 100);
}

}  // namespace

TEST_CASE("the CUDA kernels are within the bound on every case, in bf16") { check_every_case(Dtype::bf16); }

TEST_CASE("the CUDA kernels are within the bound on every case, in fp16") { check_every_case(Dtype::fp16); }

TEST_CASE("of two seeds the worse result is kept, a failure before all") {
  verify::Row pass, fail, skipped;
  pass.fraction = 0.5;
  pass.note = "a near-tie";
  fail.verdict = verify::Verdict::fail;
  fail.fraction = 0.1;
  fail.note = "wrong";
  skipped.verdict = verify::Verdict::skipped;
  verify::Row better = pass;
  better.fraction = 0.2;
  CHECK(verify::worse(pass, better).fraction == 0.5);
  CHECK(verify::worse(better, pass).fraction == 0.5);
  CHECK(verify::worse(pass, fail).verdict == verify::Verdict::fail);
  CHECK(verify::worse(fail, pass).note == "wrong; a near-tie");
  CHECK(verify::worse(skipped, better).verdict == verify::Verdict::pass);
}

}  // namespace mobasim::tests::verify_test
