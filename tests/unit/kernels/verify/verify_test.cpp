// That verify can fail: each planted error must turn it red.
#include "kernels/verify/verify.h"

#include <limits>

#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::verify_test {
using namespace kernels;

namespace {

int failures(const Case& row, const std::function<void(Computed&)>& plant) {
  Backend backend = cpu_backend();
  const auto compute = backend.compute;
  backend.compute = [&](const Problem& problem, const Tensors& tensors, const KernelOptions& options) {
    Computed computed = compute(problem, tensors, options);
    plant(computed);
    return computed;
  };
  int count = 0;
  for (const verify::Row& result : verify::rows_of(row, backend)) count += result.verdict == verify::Verdict::fail;
  return count;
}

void scale(std::vector<double>& values, double factor) {
  for (double& value : values) value *= factor;
}

}  // namespace

TEST_CASE("a planted error makes verify fail") {
  const Case row = case_named(cases(), "moba_whole_blocks");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(failures(row, [](Computed&) {}) == 0);
  CHECK(failures(row, [](Computed& c) { c.forward.o[777] += 1e-4; }) == 1);
  CHECK(failures(row, [&](Computed& c) { c.forward.o[777] = nan; }) == 1);
  CHECK(failures(row, [](Computed& c) { c.forward.lse[77] += 2e-4; }) == 1);
  CHECK(failures(row, [](Computed& c) { scale(c.forward.o, 1 + 1e-5); }) == 1);
  CHECK(failures(row, [](Computed& c) { c.gradients.dq[5000] *= -1; }) == 1);
  CHECK(failures(row, [](Computed& c) { c.gradients.dk[5000] = 0; }) == 1);
  CHECK(failures(row, [](Computed& c) { scale(c.gradients.dv, 1 + 1e-5); }) == 1);
}

TEST_CASE("wrong picks make verify fail, also where the numbers fit the picks") {
  const Case row = case_named(cases(), "moba_whole_blocks");  // 5 blocks, top_k 3
  const std::size_t last = static_cast<std::size_t>((tokens(row.problem) - 1) * row.problem.heads * 2);
  CHECK(failures(row, [&](Computed& c) { c.forward.selection.picks[last] = -1; }) >= 1);
  CHECK(failures(row, [&](Computed& c) { c.forward.selection.picks[last + 1] = 4; }) >= 1);  // the own block
  CHECK(failures(row, [&](Computed& c) {
          std::swap(c.forward.selection.picks[last], c.forward.selection.picks[last + 1]);
        }) >= 1);
  // An honest computation with the worst block in place of the best: only the selection is wrong.
  Backend backend = reference_backend();
  backend.is_reference = false;
  backend.compute = [](const Problem& problem, const Tensors& tensors, const KernelOptions&) {
    const WideTensors wide(tensors);
    Tensors turned = tensors;
    for (float& value : turned.q) value = -value;
    const WideTensors opposite(turned);
    const Selection selection = reference_forward(problem, opposite.view()).result.selection;
    Computed out;
    out.forward = reference_forward(problem, wide.view(), {Dtype::f64, &selection}).result;
    out.gradients = reference_backward(problem, wide.view(), out.forward).result;
    return out;
  };
  const std::vector<verify::Row> rows = verify::rows_of(row, backend);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].pass_name == "selection");
  CHECK(rows[0].verdict == verify::Verdict::fail);
  CHECK(rows[1].verdict == verify::Verdict::pass);
  CHECK(rows[2].verdict == verify::Verdict::pass);
}

TEST_CASE("ties that are exact must go to the lower block, and near-ties are counted, not hidden") {
  Case row = case_named(cases(), "moba_ties");
  const auto take_higher = [&](Computed& c) {  // the last query takes blocks 1 and 2 of the tied 0 .. 5
    const std::size_t last = c.forward.selection.picks.size() - 2;
    c.forward.selection.picks[last] = 1;
    c.forward.selection.picks[last + 1] = 2;
  };
  CHECK(failures(row, take_higher) >= 1);
  row.exact_ties = false;
  Backend backend = reference_backend();
  backend.is_reference = false;
  backend.compute = [&](const Problem& problem, const Tensors& tensors, const KernelOptions&) {
    const WideTensors wide(tensors);
    Computed out;
    out.forward = reference_forward(problem, wide.view()).result;
    take_higher(out);
    const Selection selection = out.forward.selection;
    out.forward = reference_forward(problem, wide.view(), {Dtype::f64, &selection}).result;
    out.gradients = reference_backward(problem, wide.view(), out.forward).result;
    return out;
  };
  const std::vector<verify::Row> rows = verify::rows_of(row, backend);
  CHECK(rows[0].verdict == verify::Verdict::pass);
  CHECK(rows[0].note.find("1 near-ties") != std::string::npos);
  CHECK(rows[1].verdict == verify::Verdict::pass);
}

TEST_CASE("max_error and bound stand at the element where their ratio is greatest") {
  const std::vector<double> expected = {1, 10, 100}, bounds = {0.1, 1, 10}, got = {1.05, 10.9, 101};
  const verify::Comparison found = verify::comparison(got, expected, bounds);
  CHECK(found.element == 1);
  CHECK(found.max_error == Approx(0.9));
  CHECK(found.bound == 1);
  CHECK(found.ratio == Approx(0.9));
  CHECK(found.relative_rms == Approx(std::sqrt((0.0025 + 0.81 + 1) / 10101)));
}

TEST_CASE("verify prints a row for each case and pass, skipped ones too") {
  std::vector<verify::Row> rows = verify::rows_of(case_named(cases(), "window_1"), cpu_backend());
  for (const verify::Row& row : verify::rows_of(case_named(cases(), "full_no_token"), cpu_backend()))
    rows.push_back(row);
  CHECK(mobasim::rendered(verify::table_of(rows), mobasim::TableFormat::csv) ==
        "case,backend,dtype,pass_name,max_error,bound,relative_rms,verdict\n"
        "window_1,cpu,f32,forward,,,,skipped\nwindow_1,cpu,f32,backward,,,,skipped\n"
        "full_no_token,cpu,f32,forward,0,0,0,pass\nfull_no_token,cpu,f32,backward,0,0,0,pass\n");
  CHECK_THROWS_AS(backend_named("gpu"), mobasim::ConfigError);
}

}  // namespace mobasim::tests::verify_test
