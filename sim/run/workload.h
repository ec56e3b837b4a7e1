// What a run trains on, and how a step of it is carried out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mobasim {

// none: everything is kept for the backward pass. selective: attention's scores and what belongs to them are computed
// again (nothing where the kernel keeps none). full: each layer's forward pass again.
enum class Recompute { none, selective, full };

// One optimizer step, and how many of them.
struct Workload {
  std::int64_t sequence = 0;      // tokens of one sequence
  std::int64_t global_batch = 0;  // sequences per step, over all devices
  std::int64_t microbatch = 1;    // sequences per data-parallel replica and forward pass
  double tokens = 0;              // of the whole run
  Recompute recompute = Recompute::none;
  std::string dtype = "bf16";      // of the matrix products: nvfp4 | fp8 | bf16 | fp16 | f32
  std::int64_t loss_chunks = 1;    // the logits are computed in so many pieces of the microbatch
  bool offload_optimizer = false;  // optimizer states and step on the host
};

[[nodiscard]] std::string_view name(Recompute recompute);
[[nodiscard]] const std::vector<std::string>& recompute_names();  // in the order of the enumeration
[[nodiscard]] Recompute recompute_named(std::string_view);        // of one of the names

}  // namespace mobasim
