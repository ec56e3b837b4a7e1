// The nearest layout that works.
#include "sim/search/nearest_layout.h"

#include "sim/run/refusals.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::nearest_layout_test {
namespace {

Run asked_run() {
  Run run;
  run.model = model_from(source_folder() / "configs/models/llama-3.1-8b.yaml");
  run.workload = {.sequence = 8192, .global_batch = 64, .tokens = 1e9};
  run.device = shipped_device("h100-sxm");
  return run;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("The nearest layout that works has as many devices, and nothing to refuse") {
  Run run = asked_run();
  run.execution.layout.tensor = 3;
  run.execution.layout.data = 16;  // 48 devices
  run.workload.global_batch = 96;
  const auto nearest = nearest_execution(run.model, run.workload, run.execution, run.device);
  REQUIRE(nearest);
  CHECK(devices(nearest->layout) == 48);
  CHECK(refusals(run.model, run.workload, *nearest, run.device).empty());
  CHECK((nearest->layout.tensor == 2 || nearest->layout.tensor == 4));
  CHECK(has(nearest_layout_text(run), "nearest that works on 48"));
}

TEST_CASE("Of sizes that are no sizes nothing is near") {
  for (std::int64_t Layout::*size :
       {&Layout::tensor, &Layout::context, &Layout::pipeline, &Layout::virtual_stages, &Layout::data}) {
    Run run = asked_run();
    run.execution.layout.*size = 0;
    CHECK(nearest_layout_text(run) == "");
  }
}

}  // namespace mobasim::tests::nearest_layout_test
