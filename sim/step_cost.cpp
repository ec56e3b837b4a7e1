#include "sim/step_cost.h"

#include <algorithm>

#include "sim/layer_ops.h"

namespace mobasim {
namespace {

// Adds `times` executions of an operation to a part.
void add(StepPart& part, const TimeEstimate& estimate, double times) {
  if (!(estimate.time > Seconds(0)) || times == 0) return;
  part.time += estimate.time * times;
  part.lo += estimate.lo * times;
  part.hi += estimate.hi * times;
  part.basis = worst(part.basis, estimate.basis);
  if (estimate.note.empty() || part.note.find(estimate.note) != std::string::npos) return;
  part.note += (part.note.empty() ? "" : "; ") + estimate.note;
}

StepPart part(std::string name) { return {std::move(name), {}, {}, {}, Basis::measured, ""}; }

struct Parts {
  StepPart products = part("matrix products");
  StepPart attention = part("attention");
  StepPart elementwise = part("elementwise");
  StepPart head = part("head and loss");
  StepPart optimizer = part("optimizer");
  StepPart communication = part("communication");
};

// One group's layers over all microbatches: forward, backward, and with recomputation the forward pass again.
void add_layers(const Run& run, const LayerGroup& group, const Microbatch& microbatch, Parts& parts) {
  const double times = static_cast<double>(group.layers) * microbatches(run.workload, run.layout);
  const double forwards = run.workload.recompute == Recompute::full ? 2 * times : times;
  for (const MatrixProduct& product : layer_products(group, run.model.hidden, microbatch)) {
    add(parts.products, time_of(product, run.device), forwards);
    for (const MatrixProduct& backward : backward_products(product)) {
      add(parts.products, time_of(backward, run.device), times);
    }
  }
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    const double passes = pass == Pass::forward ? forwards : times;
    add(parts.attention, time_of(attention_layer(group, microbatch, run.kernels, pass), run.device), passes);
    const MemoryBound elementwise{elementwise_bytes(run.model, group, microbatch, pass)};
    add(parts.elementwise, time_of(elementwise, run.device), passes);
  }
}

void add_head(const Run& run, const Microbatch& microbatch, Parts& parts) {
  const double times = microbatches(run.workload, run.layout);
  const MatrixProduct head = head_product(run.model, microbatch);
  add(parts.head, time_of(head, run.device), times);
  for (const MatrixProduct& backward : backward_products(head)) {
    add(parts.head, time_of(backward, run.device), times);
  }
  add(parts.head, time_of(MemoryBound{embedding_and_loss_bytes(run.model, microbatch)}, run.device), times);
}

void add_optimizer(const Run& run, Parts& parts) {
  const auto all = static_cast<double>(parameters(run.model).total);
  const double mine = run.layout.zero_stage >= 1 ? all / static_cast<double>(run.layout.data) : all;
  add(parts.optimizer, time_of(MemoryBound{optimizer_bytes(mine, run.workload.dtype)}, run.device), 1);
}

// Exposed in full in `time` and `hi`; in `lo` hidden behind the layers' lo as far as that reaches (A38).
void add_communication(const Run& run, Parts& parts) {
  const auto all = static_cast<double>(parameters(run.model).total);
  for (const RepeatedCollective& each : communication(all, run.workload, run.layout)) {
    add(parts.communication, time_of(each.collective, run.device), each.times);
  }
  const Seconds hidden = parts.products.lo + parts.attention.lo + parts.elementwise.lo + parts.head.lo;
  parts.communication.lo = std::max(Seconds(0), parts.communication.lo - hidden);
}

std::vector<std::string> notes_on_attention(const Run& run) {
  std::vector<std::string> notes;
  for (const LayerGroup& group : run.model.groups) {
    if (std::holds_alternative<FullAttention>(group.attention)) continue;
    if (!is_full_at(group.attention, run.workload.sequence)) continue;
    std::string note = description(group.attention) + " at sequence " + std::to_string(run.workload.sequence) +
                       " attends to everything: identical to full attention, and costs the same";
    if (const auto* moba = std::get_if<Moba>(&group.attention)) {
      note += " (top_k * block = " + std::to_string(moba->top_k * moba->block) + " >= sequence)";
    }
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
  return notes;
}

}  // namespace

StepCost step_cost(const Run& run) {
  const Microbatch microbatch{run.workload.microbatch, run.workload.sequence, run.workload.dtype};
  Parts parts;
  for (const LayerGroup& group : run.model.groups) add_layers(run, group, microbatch, parts);
  add_head(run, microbatch, parts);
  add_optimizer(run, parts);
  add_communication(run, parts);

  StepCost cost;
  cost.parts = {parts.products, parts.attention, parts.elementwise, parts.head, parts.optimizer, parts.communication};
  cost.notes = notes_on_attention(run);
  for (const StepPart& part : cost.parts) {
    cost.time += part.time;
    cost.lo += part.lo;
    cost.hi += part.hi;
    if (part.time > Seconds(0)) cost.basis = worst(cost.basis, part.basis);
  }
  return cost;
}

}  // namespace mobasim
