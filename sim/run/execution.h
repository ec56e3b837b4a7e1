// How a step of a run is carried out: all that may be chosen without changing what is computed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/parallel/layout.h"

namespace mobasim {

// none: everything is kept for the backward pass. selective: attention's scores and what belongs to them are computed
// again (nothing where the kernel keeps none). full: each layer's forward pass again.
enum class Recompute { none, selective, full };
[[nodiscard]] std::string_view name(Recompute recompute);
[[nodiscard]] const std::vector<std::string>& recompute_names();  // in the order of the enumeration
[[nodiscard]] Recompute recompute_named(std::string_view);        // of one of the names

struct Execution {
  Layout layout = {};
  std::int64_t microbatch = 1;  // sequences per data-parallel replica and forward pass
  Recompute recompute = Recompute::none;
  std::int64_t loss_chunks = 1;    // the logits are computed in so many pieces of the microbatch
  bool offload_optimizer = false;  // optimizer states and step on the host

  bool operator==(const Execution&) const = default;
};

// Microbatches that each replica works through in a step of `global_batch` sequences. Precondition: they divide evenly.
[[nodiscard]] constexpr std::int64_t microbatches(const Execution& execution, std::int64_t global_batch) {
  return global_batch / (execution.layout.data * execution.microbatch);
}

}  // namespace mobasim
