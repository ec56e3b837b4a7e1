// What a layer exchanges over the devices that share a sequence: MoBA's two ways, and the cheaper of them.
#include "sim/step/context_time.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::context_test {
using namespace step;

namespace {

StepContext context_on(const Device& device) {
  StepContext context;
  context.device = std::make_shared<const DeviceTables>(device, "bf16");
  return context;
}

// 32 heads and 8 key heads of 128 values, as Llama-3.1 8B.
LayerShape layer_with(const Attention& attention, std::int64_t sequence) {
  LayerShape layer;
  layer.heads = 32;
  layer.head_dim = 128;
  layer.queries = layer.heads * layer.head_dim;
  layer.keys = 8 * layer.head_dim;
  const AttentionCount counted = count(attention, sequence);
  layer.picks = static_cast<double>(counted.picks);
  layer.blocks = static_cast<double>(counted.blocks);
  layer.routed = counted.picks > 0;
  return layer;
}

LayerSplitting split_over(std::int64_t devices, std::int64_t sequence, ContextAlgorithm algorithm) {
  LayerSplitting split;
  split.sequences = 1;
  split.tokens = static_cast<double>(sequence) / static_cast<double>(devices);
  split.context = static_cast<double>(devices);
  split.context_algorithm = algorithm;
  split.context_group = group_of(devices, 1, 8);
  return split;
}

// Seconds of attention that a ring may hide behind.
PassTimes attention_of(double seconds) {
  PassTimes times;
  at(times.forward, TimePart::attention) = seconds, at(times.backward, TimePart::attention) = 2 * seconds;
  return times;
}

double total(const ContextTime& time) { return time.forward + time.backward; }

}  // namespace

TEST_CASE("MoBA over a context group never costs more than gathering keys and values") {
  for (const std::string name : {"a100-sxm", "h100-sxm", "gb200"}) {
    const StepContext context = context_on(shipped_device(name));
    for (const ContextAlgorithm algorithm : {ContextAlgorithm::all_gather, ContextAlgorithm::ring}) {
      for (const Moba& moba : {Moba{128, 8}, Moba{512, 3}, Moba{4096, 12}, Moba{2048, 2}}) {
        for (std::int64_t sequence = 65536; sequence <= 1 << 22; sequence *= 4) {
          for (std::int64_t devices = 2; devices <= 256; devices *= 2) {
            const LayerSplitting split = split_over(devices, sequence, algorithm);
            const LayerShape routed = layer_with(moba, sequence);
            LayerShape dense = routed;
            dense.routed = false;
            const PassTimes attention = attention_of(1e-3);
            const ContextTime cheapest = context_time(context, routed, split, attention);
            const ContextTime gathered = context_time(context, dense, split, attention);
            INFO(name << " " << description(moba) << " at " << sequence << " on " << devices);
            CHECK(total(cheapest) <= total(gathered));
            CHECK(cheapest.queries_travel == (total(cheapest) < total(gathered)));
            CHECK_FALSE(gathered.queries_travel);
          }
        }
      }
    }
  }
}

// Per device and value of a head: keys and values make 3 trips of 2 x 8 heads x sequence, queries 5 of 32 heads x
// picks.
TEST_CASE("Few picks on many devices send queries, many picks on few devices gather keys and values") {
  const StepContext context = context_on(shipped_device("h100-sxm"));
  const std::int64_t sequence = 1 << 20;
  const auto travels = [&](const Moba& moba, std::int64_t devices, double hidden) {
    const LayerSplitting split =
        split_over(devices, sequence, hidden > 0 ? ContextAlgorithm::ring : ContextAlgorithm::all_gather);
    return context_time(context, layer_with(moba, sequence), split, attention_of(hidden)).queries_travel;
  };
  CHECK(travels({4096, 3}, 128, 0));
  CHECK_FALSE(travels({4096, 12}, 8, 0));
  CHECK_FALSE(travels({4096, 3}, 128, 1e3));  // a ring that attention hides is cheaper still
}

TEST_CASE("Whole heads, one device and MoBA that attends to everything have nothing to choose") {
  const StepContext context = context_on(shipped_device("h100-sxm"));
  const std::int64_t sequence = 1 << 20;
  const LayerShape layer = layer_with(Moba{4096, 3}, sequence);
  CHECK_FALSE(context_time(context, layer, split_over(8, sequence, ContextAlgorithm::ulysses), {}).queries_travel);
  CHECK(total(context_time(context, layer, split_over(1, sequence, ContextAlgorithm::ring), {})) == 0);
  CHECK_FALSE(layer_with(Moba{4096, 256}, sequence).routed);
}

TEST_CASE("What MoBA exchanges over a context group is told") {
  Run run = small_run(Moba{128, 2});
  run.device.network_bandwidth = ByteRate(8);
  const auto told = [&] {
    for (const std::string& note : cost_of(run).notes) {
      if (note.starts_with("MoBA over the context group")) return true;
    }
    return false;
  };
  CHECK_FALSE(told());
  run.execution.layout.context = 4;
  CHECK(told());
  run.execution.layout.context_algorithm = ContextAlgorithm::ulysses;
  CHECK_FALSE(told());
}

}  // namespace mobasim::tests::context_test
