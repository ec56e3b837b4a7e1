#include "sim/run/refusals.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/base/divisors.h"
#include "sim/base/text.h"
#include "sim/parallel/stages.h"

namespace mobasim {
namespace {

constexpr std::int64_t kMostSize = 1'000'000;         // of an axis
constexpr std::int64_t kMostBatch = 1'000'000'000;    // sequences of a step
constexpr std::int64_t kMostDevices = 1'000'000'000;  // of all axes

// The multiples of `step` on both sides of `value`.
std::string neighbours(std::int64_t value, std::int64_t step) {
  const std::int64_t below = value / step * step;
  return below == 0 ? fmt::format("{}", step) : fmt::format("{} or {}", below, below + step);
}

// The divisors of `whole` on both sides of `value`.
std::string nearest_divisors(std::int64_t whole, std::int64_t value) {
  std::vector<std::string> words;
  const std::vector<std::int64_t> all = divisors(whole);
  const auto above = std::ranges::upper_bound(all, value);
  if (above != all.begin()) words.push_back(fmt::format("{}", *std::prev(above)));
  if (above != all.end()) words.push_back(fmt::format("{}", *above));
  return joined(words, " or ");
}

// Goes through the rules. Words are made only where somebody wants them, and without them the first breach ends it.
class Check {
 public:
  Check(const ModelShape& model, const Workload& workload, const Execution& execution, const Device& device,
        std::vector<Refusal>* told)
      : model_(model),
        workload_(workload),
        execution_(execution),
        layout_(execution.layout),
        device_(device),
        told_(told) {}

  bool all() {
    sizes();
    if (!allowed_) return false;
    for (const auto part :
         {&Check::tensor, &Check::context, &Check::pipeline, &Check::batch, &Check::data, &Check::cluster}) {
      (this->*part)();
      if (!allowed_ && told_ == nullptr) return false;
    }
    return allowed_;
  }

 private:
  template <class Why>
  void require(bool holds, const char* section, const char* key, const Why& why) {
    if (holds) return;
    allowed_ = false;
    if (told_ != nullptr) told_->push_back({section, key, why()});
  }

  void sizes() {
    const auto size = [&](const char* key, std::int64_t value) {
      require(value >= 1, "layout", key, [&] { return fmt::format("{} must be at least 1", key); });
      require(value <= kMostSize, "layout", key, [&] { return fmt::format("{} must be at most {}", key, kMostSize); });
    };
    size("tensor", layout_.tensor);
    size("context", layout_.context);
    size("pipeline", layout_.pipeline);
    size("virtual_stages", layout_.virtual_stages);
    size("data", layout_.data);
    require(layout_.shard >= 0, "layout", "shard", [] { return "shard must be at least 1"; });
    require(layout_.zero_stage >= 0 && layout_.zero_stage <= 3, "layout", "zero_stage",
            [] { return "zero_stage must be 0, 1, 2 or 3"; });
    const auto batch = [&](const char* key, std::int64_t value) {
      require(value >= 1, "workload", key, [&] { return fmt::format("{} must be at least 1", key); });
      require(value <= kMostBatch, "workload", key,
              [&] { return fmt::format("{} must be at most {}", key, kMostBatch); });
    };
    batch("global_batch", workload_.global_batch);
    batch("microbatch", execution_.microbatch);
    // Not multiplied as integers before they are known to be small enough.
    const double all = static_cast<double>(layout_.tensor) * static_cast<double>(layout_.context) *
                       static_cast<double>(layout_.pipeline) * static_cast<double>(layout_.data);
    require(all <= static_cast<double>(kMostDevices), "layout", "data",
            [&] { return fmt::format("the layout has more than {} devices", kMostDevices); });
  }

  void tensor() {
    const std::int64_t t = layout_.tensor;
    for (const LayerGroup& group : model_.groups) {
      require(group.heads % t == 0, "layout", "tensor",
              [&] { return fmt::format("tensor {} does not divide the {} heads", t, group.heads); });
      require(group.kv_heads % t == 0 || t % group.kv_heads == 0, "layout", "tensor", [&] {
        return fmt::format("tensor {} neither divides the {} kv_heads nor is a multiple of them", t, group.kv_heads);
      });
      require(group.ffn % t == 0, "layout", "tensor",
              [&] { return fmt::format("tensor {} does not divide the ffn of {}", t, group.ffn); });
    }
    const std::int64_t tokens = workload_.sequence / layout_.context;
    require(!layout_.sequence_parallel || tokens % t == 0, "layout", "sequence_parallel", [&] {
      return fmt::format("sequence_parallel: tensor {} does not divide the {} tokens of a sequence on a device", t,
                         tokens);
    });
  }

  void context() {
    const std::int64_t c = layout_.context;
    if (c == 1) return;
    const bool ulysses = layout_.context_algorithm == ContextAlgorithm::ulysses;
    const std::int64_t pieces = ulysses ? c : 2 * c;  // balanced causal work gives each device a piece of both halves
    require(workload_.sequence % pieces == 0, "layout", "context", [&] {
      return fmt::format("context {} cuts a sequence into {} pieces, and {} tokens do not divide; nearest: {}", c,
                         pieces, workload_.sequence, neighbours(workload_.sequence, pieces));
    });
    if (!ulysses) return;
    for (const LayerGroup& group : model_.groups) {
      require(group.heads % (layout_.tensor * c) == 0, "layout", "context", [&] {
        return fmt::format(
            "ulysses gives each device whole heads: tensor x context = {} x {} does not divide the {} heads",
            layout_.tensor, c, group.heads);
      });
    }
  }

  void pipeline() {
    const std::int64_t chunks = layout_.pipeline * layout_.virtual_stages, layers_here = layers(model_);
    // 126 layers, embedding and head are 128 chunks (stages.h).
    const bool ends_count = layer_split(layers_here, chunks) == LayerSplit::embedding_and_head_as_layers;
    require(chunks <= layers_here + (ends_count ? 2 : 0), "layout", "pipeline", [&] {
      return fmt::format("pipeline x virtual_stages = {} x {} is more than the {} layers", layout_.pipeline,
                         layout_.virtual_stages, layers_here);
    });
    if (layout_.virtual_stages > 1) return interleaving();
    require(layout_.schedule != PipelineSchedule::interleaved || layout_.pipeline == 1, "layout", "schedule",
            [] { return "an interleaved schedule needs virtual_stages of at least 2"; });
  }

  // Of several chunks a stage.
  void interleaving() {
    require(layout_.pipeline > 1, "layout", "virtual_stages",
            [&] { return fmt::format("virtual_stages {} needs a pipeline of at least 2", layout_.virtual_stages); });
    require(layout_.schedule == PipelineSchedule::interleaved ||
                layout_.schedule == PipelineSchedule::one_forward_one_backward,
            "layout", "schedule", [&] {
              return fmt::format("virtual_stages {} works with the interleaved schedule, not with {}",
                                 layout_.virtual_stages, name(layout_.schedule));
            });
    const std::int64_t share = layout_.data * execution_.microbatch;
    if (workload_.global_batch % share != 0) return;
    const std::int64_t microbatches = workload_.global_batch / share;
    require(microbatches % layout_.pipeline == 0, "workload", "global_batch", [&] {
      return fmt::format(
          "an interleaved pipeline of {} stages needs a multiple of {} microbatches, not {}; nearest global_batch: {}",
          layout_.pipeline, layout_.pipeline, microbatches,
          neighbours(workload_.global_batch, share * layout_.pipeline));
    });
  }

  void batch() {
    const std::int64_t share = layout_.data * execution_.microbatch;
    require(workload_.global_batch % share == 0, "workload", "global_batch", [&] {
      return fmt::format("global_batch {} is no multiple of data x microbatch = {} x {}; nearest: {}",
                         workload_.global_batch, layout_.data, execution_.microbatch,
                         neighbours(workload_.global_batch, share));
    });
  }

  void data() {
    require(!execution_.offload_optimizer || device_.host_bandwidth > ByteRate(0), "workload", "offload_optimizer",
            [&] {
              return fmt::format("offload_optimizer needs the host_bandwidth of {}, which its file does not have",
                                 device_.name);
            });
    if (layout_.shard == 0) return;
    require(layout_.zero_stage >= 1, "layout", "shard",
            [&] { return fmt::format("shard {} needs a zero_stage of at least 1", layout_.shard); });
    require(replicas(layout_) % layout_.shard == 0, "layout", "shard", [&] {
      return fmt::format("shard {} does not divide data x context = {} x {}; nearest: {}", layout_.shard, layout_.data,
                         layout_.context, nearest_divisors(replicas(layout_), layout_.shard));
    });
  }

  void cluster() {
    const std::int64_t all = devices(layout_);
    const bool links = device_.link_bandwidth > ByteRate(0), network = device_.network_bandwidth > ByteRate(0);
    require(all == 1 || links || network, "layout", "data", [&] {
      return fmt::format(
          "the layout has {} devices, and {} is a single device: its file has no link_bandwidth and no "
          "network_bandwidth",
          all, device_.name);
    });
    require(all <= device_.devices_per_node || network || !links, "layout", "data", [&] {
      return fmt::format("the layout has {} devices, and {} has {} devices a node and no network_bandwidth", all,
                         device_.name, device_.devices_per_node);
    });
  }

  const ModelShape& model_;
  const Workload& workload_;
  const Execution& execution_;
  const Layout& layout_;
  const Device& device_;
  std::vector<Refusal>* told_;
  bool allowed_ = true;
};

}  // namespace

std::vector<Refusal> refusals(const ModelShape& model, const Workload& workload, const Execution& execution,
                              const Device& device) {
  std::vector<Refusal> found;
  Check(model, workload, execution, device, &found).all();
  return found;
}

bool allowed(const ModelShape& model, const Workload& workload, const Execution& execution, const Device& device) {
  return Check(model, workload, execution, device, nullptr).all();
}

}  // namespace mobasim
