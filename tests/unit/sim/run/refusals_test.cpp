// Layouts that cannot be run: every reason at once, in words.
#include "sim/run/refusals.h"

#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::refusals_test {
namespace {

struct Asked {
  ModelShape model = model_from(source_folder() / "configs/models/llama-3.1-8b.yaml");
  Workload workload{.sequence = 8192, .global_batch = 64, .tokens = 1e9};
  Execution execution;
  Device device = shipped_device("h100-sxm");

  [[nodiscard]] std::string reasons() const {
    std::string all;
    const std::vector<Refusal> refused = refusals(model, workload, execution, device);
    for (const Refusal& refusal : refused) all += refusal.why + "\n";
    CHECK(allowed(model, workload, execution, device) == refused.empty());
    return all;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Sizes whose products do not fit into an integer are refused before they are multiplied") {
  Asked asked;
  asked.execution.layout.data = 524288;
  asked.execution.microbatch = std::int64_t{1} << 45;
  CHECK(has(asked.reasons(), "microbatch must be at most 1000000000"));
  asked.execution.microbatch = 1;
  asked.workload.global_batch = std::int64_t{1} << 62;
  CHECK(has(asked.reasons(), "global_batch must be at most 1000000000"));
  asked.workload.global_batch = 64;
  asked.execution.layout = {.tensor = 1'000'000, .context = 1'000'000, .pipeline = 1'000'000, .data = 1'000'000};
  CHECK(has(asked.reasons(), "the layout has more than 1000000000 devices"));
}

TEST_CASE("Each rule of a layout is refused in words") {
  Asked asked;
  CHECK(asked.reasons() == "");
  asked.execution.layout.tensor = 3;
  CHECK(has(asked.reasons(), "tensor 3 does not divide the 32 heads"));
  CHECK(has(asked.reasons(), "tensor 3 neither divides the 8 kv_heads"));
  CHECK(has(asked.reasons(), "tensor 3 does not divide the ffn of 14336"));
  asked.execution.layout = {};
  asked.execution.layout.pipeline = 64;
  CHECK(has(asked.reasons(), "pipeline x virtual_stages = 64 x 1 is more than the 32 layers"));
  asked.execution.layout = {};
  asked.execution.layout.context = 3;
  CHECK(has(asked.reasons(), "context 3 cuts a sequence into 6 pieces, and 8192 tokens do not divide"));
  asked.execution.layout = {};
  asked.execution.layout.data = 48;
  CHECK(has(asked.reasons(), "global_batch 64 is no multiple of data x microbatch = 48 x 1; nearest: 48 or 96"));
  asked.execution.layout = {};
  asked.execution.layout.pipeline = 4;
  asked.execution.layout.virtual_stages = 2;
  asked.execution.layout.data = 32;
  CHECK(has(asked.reasons(), "needs a multiple of 4 microbatches, not 2; nearest global_batch: 128"));
  asked.execution.layout = {};
  asked.execution.layout.shard = 3;
  asked.execution.layout.data = 8;
  CHECK(has(asked.reasons(), "shard 3 needs a zero_stage of at least 1"));
  CHECK(has(asked.reasons(), "shard 3 does not divide data x context = 8 x 1; nearest: 2 or 4"));
  asked.execution.layout.shard = 16;
  CHECK(has(asked.reasons(), "nearest: 8"));
  CHECK_FALSE(has(asked.reasons(), "nearest: 8 or"));
  asked.execution.layout = {};
  asked.execution.layout.virtual_stages = 2;
  CHECK(has(asked.reasons(), "virtual_stages 2 needs a pipeline of at least 2"));
}

TEST_CASE("An optimizer on the host needs a link to it") {
  Asked asked;
  asked.execution.offload_optimizer = true;
  CHECK(asked.reasons() == "");
  asked.device.host_bandwidth = ByteRate(0);
  CHECK(has(asked.reasons(), "offload_optimizer needs the host_bandwidth of h100-sxm"));
}

TEST_CASE("Groups larger than the cluster are refused") {
  Asked asked;
  asked.execution.layout.data = 16;
  asked.device.network_bandwidth = ByteRate(0);
  CHECK(has(asked.reasons(), "the layout has 16 devices, and h100-sxm has 8 devices a node and no network_bandwidth"));
  asked.device.link_bandwidth = ByteRate(0);
  CHECK(has(asked.reasons(), "is a single device"));
}

TEST_CASE("Sizes that are no sizes are refused before all else, and never divide by zero") {
  for (std::int64_t Layout::*size :
       {&Layout::tensor, &Layout::context, &Layout::pipeline, &Layout::virtual_stages, &Layout::data}) {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-4}, std::int64_t{1} << 40}) {
      Asked asked;
      asked.execution.layout.*size = value;
      CHECK_FALSE(asked.reasons().empty());
    }
  }
  Asked asked;
  asked.execution.microbatch = 0;
  CHECK(has(asked.reasons(), "microbatch must be at least 1"));
}

}  // namespace mobasim::tests::refusals_test
