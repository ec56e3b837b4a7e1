#include "sim/memory/memory_model.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "sim/base/error.h"
#include "sim/parallel/pipeline.h"
#include "sim/parallel/stages.h"

namespace mobasim {

namespace {

constexpr std::size_t kMostKinds = 64;  // of layers in one model: their set is one word

double number(std::int64_t value) { return static_cast<double>(value); }

// Microbatches in flight of each chunk of a stage, in the order of the forward pass, when `chunks` of its chunks are:
// interleaved forward passes go through one chunk with as many microbatches as there are stages, then through the next
// (Narayanan et al. 2021, arXiv 2104.04473, section 2.2).
class InFlight {
 public:
  InFlight(std::int64_t chunks, const Layout& layout) : stages_(layout.pipeline) {
    const std::int64_t round = layout.pipeline * layout.virtual_stages;
    const bool interleaved = layout.virtual_stages > 1;
    whole_ = interleaved ? chunks / round * layout.pipeline : chunks;
    rest_ = interleaved ? chunks % round : 0;
  }
  [[nodiscard]] double of_chunk(std::int64_t index) const {
    return number(whole_ + std::clamp<std::int64_t>(rest_ - index * stages_, 0, stages_));
  }

 private:
  std::int64_t stages_, whole_ = 0, rest_ = 0;
};

// Of one logit at the loss. Fused: its gradient is written over it (Liger, TransformerEngine), or beside it (compiled).
// Megatron-LM: the logit, an f32 copy that becomes the softmax, and its f32 gradient (A33). PyTorch: log-softmax, the
// gradient of the loss and that of the logits, f32 each; over a tensor group (loss_parallel) the softmax and a sum
// more.
double logit_bytes(const StackPolicy& stack, const NumberFormat& format, bool over_tensor_group) {
  if (stack.fused_loss) return stack.fusion == Fusion::compiled ? 2 * format.element : format.element;
  if (stack.fusion != Fusion::fused) return over_tensor_group ? 16 : 12;
  return format.element == 4 ? 8 : 10;
}

// What a tensor group has to divide.
std::int64_t common_heads(const ModelShape& model) {
  std::int64_t common = 0;
  for (const LayerGroup& group : model.groups) common = std::gcd(common, std::gcd(group.heads, group.kv_heads));
  return common;
}

}  // namespace

std::string_view name(MemoryComponent component) {
  static constexpr std::string_view names[] = {"weights",       "gradients", "optimizer",    "activations",
                                               "working layer", "logits",    "communication"};
  static_assert(std::size(names) == kMemoryComponents);
  return names[static_cast<std::size_t>(component)];
}

struct MemoryModel::Split {
  Split(const Execution& execution, std::int64_t length)
      : tokens(number(execution.microbatch) * number(length) / number(execution.layout.context)),
        sequences(number(execution.microbatch)),
        tensor(number(execution.layout.tensor)),
        sequence(execution.layout.sequence_parallel ? tensor : 1),
        shard(number(shard_devices(execution.layout))) {}
  double tokens;     // of a microbatch on one device
  double sequences;  // of a microbatch
  double tensor;     // divides what the tensor group shards
  double sequence;   // divides what only sequence parallelism shards
  double shard;      // divides what ZeRO shards
};

// Parameters are those of one device: divided by the tensor group.
struct MemoryModel::Holding {
  double parameters = 0;       // all
  double gemm_parameters = 0;  // of the matrices
  double ends = 0;             // of embedding and head
  double head = 0;
  double activations = 0;    // bytes in flight
  double largest_layer = 0;  // parameters
  double matrix_shapes = 0;
  double largest_matrix = 0;
  std::uint64_t kinds = 0;  // bit i: kind i is among its layers
  bool embedding = false, last = false;
};

MemoryModel::MemoryModel(const ModelShape& model, const StackPolicy& stack, std::span<const std::string_view> kernels,
                         std::string_view dtype, std::int64_t sequence)
    : layers_(layers(model)),
      sequence_(sequence),
      hidden_(number(model.hidden)),
      vocab_(number(model.vocab)),
      positions_(number(model.positions)),
      final_norm_((model.norm == Norm::layer_norm ? 2 : 1) * hidden_),
      heads_(common_heads(model)),
      tied_(model.tied_embeddings),
      format_(number_format(dtype, stack)),
      states_(state_bytes_per_parameter(dtype, stack)),
      transformer_engine_(stack.transformer_engine),
      keeps_stage_outputs_(stack.keeps_stage_outputs),
      f32_weights_(stack.f32_weights && dtype != "f32"),
      logit_bytes_{logit_bytes(stack, format_, false), logit_bytes(stack, format_, true)},
      reduced_bytes_(dtype == "f32" ? 4 : number(stack.reduced_bytes)) {
  MOBASIM_ASSERT_EQUAL(kernels.size(), model.groups.size());
  before_.push_back({});
  for (std::size_t g = 0; g < model.groups.size(); ++g) {
    const LayerGroup& group = model.groups[g];
    const LayerMemory layer = layer_memory(model, group, stack, kernels[g], format_, sequence);
    const auto found = std::find(kinds_.begin(), kinds_.end(), layer);
    const auto kind = found - kinds_.begin();
    if (found == kinds_.end()) kinds_.push_back(layer);
    if (kinds_.size() > kMostKinds) throw Unsupported(model.name, "the memory of more than 64 kinds of layers");
    for (std::int64_t i = 0; i < group.layers; ++i) {
      const Sums& sums = before_.back();
      kind_.push_back(kind);
      Sums next{sums.sharded_parameters + layer.sharded_parameters,
                sums.replicated_parameters + layer.replicated_parameters, sums.gemm_parameters + layer.gemm_parameters,
                sums.kept};
      for (std::size_t k = 0; k < next.kept.size(); ++k) {
        next.kept[k].sharded += layer.kept[k].sharded;
        next.kept[k].sequence_sharded += layer.kept[k].sequence_sharded;
      }
      before_.push_back(next);
    }
  }
  run_.assign(kind_.size(), layers_);
  for (std::size_t i = kind_.size(); i-- > 1;) {
    run_[i - 1] = kind_[i - 1] == kind_[i] ? run_[i] : static_cast<std::int64_t>(i);
  }
}

MemoryModel::Holding MemoryModel::holding(std::int64_t global_batch, const Execution& execution, const Split& split,
                                          std::int64_t stage) const {
  const Layout& layout = execution.layout;
  PipelineWork pipeline;
  pipeline.schedule = layout.schedule;
  pipeline.stages = layout.pipeline;
  pipeline.virtual_stages = layout.virtual_stages;
  pipeline.microbatches = std::max<std::int64_t>(microbatches(execution, global_batch), 1);
  const InFlight flight(chunks_in_flight(pipeline, stage), layout);
  const ChunkSplit chunks(layers_, layout.pipeline * layout.virtual_stages);
  const auto recompute = static_cast<std::size_t>(execution.recompute);
  double sharded_parameters = 0, replicated_parameters = 0, gemm_parameters = 0;
  Kept kept;  // in flight
  Holding held;
  for (std::int64_t index = 0; index < layout.virtual_stages; ++index) {
    const Chunk chunk = chunks.at(index * layout.pipeline + stage);
    const Sums& begin = before_[static_cast<std::size_t>(chunk.first_layer)];
    const Sums& end = before_[static_cast<std::size_t>(chunk.first_layer + chunk.layers)];
    sharded_parameters += end.sharded_parameters - begin.sharded_parameters;
    replicated_parameters += end.replicated_parameters - begin.replicated_parameters;
    gemm_parameters += end.gemm_parameters - begin.gemm_parameters;
    const double in_flight = flight.of_chunk(index);
    kept.sharded += in_flight * (end.kept[recompute].sharded - begin.kept[recompute].sharded);
    kept.sequence_sharded +=
        in_flight * (end.kept[recompute].sequence_sharded - begin.kept[recompute].sequence_sharded);
    if (keeps_stage_outputs_ && !chunk.head) kept.sequence_sharded += in_flight * format_.element * hidden_;
    for (std::int64_t i = chunk.first_layer; i < chunk.first_layer + chunk.layers;
         i = run_[static_cast<std::size_t>(i)]) {
      held.kinds |= std::uint64_t{1} << kind_[static_cast<std::size_t>(i)];
    }
    held.embedding |= chunk.embedding;
    held.last |= chunk.head;
  }
  held.parameters = sharded_parameters / split.tensor + replicated_parameters;
  held.gemm_parameters = gemm_parameters / split.tensor;
  held.activations = (kept.sharded / split.tensor + kept.sequence_sharded / split.sequence) * split.tokens;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    if ((held.kinds >> i & 1) == 0) continue;
    const LayerMemory& kind = kinds_[i];
    held.largest_layer =
        std::max(held.largest_layer, kind.sharded_parameters / split.tensor + kind.replicated_parameters);
    held.largest_matrix = std::max(held.largest_matrix, kind.largest_matrix / split.tensor);
    held.matrix_shapes = std::max(held.matrix_shapes, kind.matrix_shapes / split.tensor);
  }
  const double table = vocab_ * hidden_ / split.tensor;
  if (held.embedding) held.ends += table + positions_ * hidden_;
  if (held.last) held.head = table;
  // A tied head is a table of its own where the embedding is on another device.
  if (held.last && !(tied_ && held.embedding)) held.ends += table;
  held.parameters += held.ends + (held.last ? final_norm_ : 0);
  return held;
}

// ZeRO: from stage 1 on the optimizer states are shared, from 2 the gradients, from 3 the weights. What is shared is
// whole while it is used (A36): the weights of two layers, the one at work and the one fetched ahead, and of embedding
// and head; one layer's gradient, as it comes and as it is sent.
void MemoryModel::add_states(const Execution& execution, const Split& split, const Holding& held,
                             MemoryUse& use) const {
  const Layout& layout = execution.layout;
  const double all = held.parameters;
  const auto shared = [&](std::int64_t from_stage) { return layout.zero_stage >= from_stage && split.shard > 1; };
  const double whole_weights = states_.weight * all, whole_gradients = states_.gradient * all;
  double weights = whole_weights, gradients = whole_gradients;
  // FSDP gathers once for all microbatches of a pipeline and reduces after the last (torchtitan's default).
  const bool once = f32_weights_ && layout.pipeline > 1;
  if (shared(3) && !once) {
    const double live = states_.gathered * (2 * held.largest_layer + held.ends);
    weights = std::min(whole_weights / split.shard + live, whole_weights);
  } else if (shared(2) && f32_weights_) {
    weights = whole_weights / split.shard + states_.gathered * all;  // shards in f32, and all that the gemms read
  }
  if (shared(2) && !once) {
    const double live = (format_.element + reduced_bytes_) * std::max(held.largest_layer, held.head);
    const double kept = execution.offload_optimizer ? 0 : whole_gradients / split.shard;
    gradients = std::min(kept + live, whole_gradients);
  }
  if (!shared(2)) gradients += states_.whole_gradient * all;
  if (transformer_engine_) gradients += format_.element * held.matrix_shapes;
  use[MemoryComponent::weights] = weights + format_.weight_copies * held.gemm_parameters;
  use[MemoryComponent::gradients] = gradients;
  if (!execution.offload_optimizer) {
    use[MemoryComponent::optimizer] = states_.optimizer * all / (shared(1) ? split.shard : 1);
  }
}

// What a layer's backward pass holds for the other devices of its context group, the larger of its moments:
//   ring: the block of keys and values at work and the one that arrives, and f32 gradients of both;
//   all-gather: keys and values of the whole sequence, and their gradients;
//   Ulysses: queries, keys, values and outputs once more, before and after they change hands.
double MemoryModel::context_buffers(const LayerMemory& layer, const Layout& layout, const Split& split) const {
  if (layout.context == 1) return 0;
  const double keys = layer.key_bytes * split.tokens / split.tensor;
  const double queries = layer.query_bytes * split.tokens / split.tensor;
  switch (layout.context_algorithm) {
    case ContextAlgorithm::ring:
      return 2 * keys + 2 * keys * 4 / format_.element;
    case ContextAlgorithm::all_gather:
      return 2 * keys * number(layout.context);
    case ContextAlgorithm::ulysses:
      return keys + queries;
  }
  return 0;
}

// The peak comes at the loss, when the logits are there (last stage), or in the backward pass of a layer, the larger.
void MemoryModel::add_moment(const Execution& execution, const Split& split, const Holding& held,
                             MemoryUse& use) const {
  const Layout& layout = execution.layout;
  const bool gathers = layout.sequence_parallel && layout.tensor > 1;
  const bool sharded_gradients = layout.zero_stage >= 2 && split.shard > 1;
  const double ring = layout.pipeline > 1 ? 2 * format_.element * hidden_ * split.tokens / split.sequence : 0;
  double working = 0, exchange = 0;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    if ((held.kinds >> i & 1) == 0) continue;
    const LayerMemory& kind = kinds_[i];
    // What recomputation brings back is there beside what was kept; and attention's workspace or, later, gradients.
    const Kept &whole = kind.of(Recompute::none), &kept = kind.of(execution.recompute);
    const double again = (whole.sharded - kept.sharded) / split.tensor +
                         (whole.sequence_sharded - kept.sequence_sharded) / split.sequence;
    const double forward = kind.forward_bytes * split.tokens + kind.sequence_bytes * split.sequences;
    const double at_work = std::max(forward, kind.backward_bytes * split.tokens) / split.tensor;
    const double bytes = again * split.tokens + at_work;
    // The input of a gemm and its gradient, whole on each device of the tensor group.
    const double buffers =
        ring + context_buffers(kind, layout, split) + (gathers ? 2 * format_.element * hidden_ * split.tokens : 0);
    if (bytes + buffers > working + exchange) {
      working = bytes;
      exchange = buffers;
    }
  }
  // A weight's gradient before it is added to the others.
  if (!sharded_gradients && !transformer_engine_) working += format_.element * held.largest_matrix;
  double logits = 0;
  const double chunk = split.tokens / number(execution.loss_chunks);
  if (held.last) {
    const double final_norm = 2 * format_.element * hidden_ * split.tokens / split.sequence;  // its input and output
    logits = logit_bytes_[layout.tensor > 1 ? 1 : 0] * vocab_ / split.tensor * chunk + final_norm;
    if (!sharded_gradients) logits += format_.element * held.head;
  }
  const double gathered_head = ring + (gathers ? 2 * format_.element * hidden_ * chunk : 0);
  use[MemoryComponent::activations] = held.activations;
  const bool at_loss = held.last && logits + gathered_head >= working + exchange;
  use[at_loss ? MemoryComponent::logits : MemoryComponent::working_layer] = at_loss ? logits : working;
  use[MemoryComponent::communication] = at_loss ? gathered_head : exchange;
}

MemoryUse MemoryModel::of_stage(std::int64_t global_batch, const Execution& execution, std::int64_t stage) const {
  const Split split(execution, sequence_);
  const Holding held = holding(global_batch, execution, split, stage);
  MemoryUse use;
  use.stage = stage;
  add_states(execution, split, held, use);
  add_moment(execution, split, held, use);
  return use;
}

MemoryUse MemoryModel::worst(std::int64_t global_batch, const Execution& execution) const {
  MemoryUse most = of_stage(global_batch, execution, 0);
  for (std::int64_t stage = 1; stage < execution.layout.pipeline; ++stage) {
    const MemoryUse use = of_stage(global_batch, execution, stage);
    if (use.total() > most.total()) most = use;
  }
  return most;
}

bool MemoryModel::divides(const Layout& layout) const {
  const bool ulysses = layout.context > 1 && layout.context_algorithm == ContextAlgorithm::ulysses;
  return heads_ % (layout.tensor * (ulysses ? layout.context : 1)) == 0 && sequence_ % layout.context == 0 &&
         layout.pipeline * layout.virtual_stages <= layers_;
}

}  // namespace mobasim
