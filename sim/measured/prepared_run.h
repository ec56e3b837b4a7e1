// A measured run made ready to be answered: its device, its stack, and the choices that its row leaves open.
#pragma once

#include <compare>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/cost/evaluator.h"
#include "sim/device/device.h"
#include "sim/measured/measured_run.h"
#include "sim/measured/stack_choice.h"
#include "sim/stack/stack.h"

namespace mobasim {

// One way of carrying the run out.
struct Candidate {
  Execution execution;
  // Of the layers, how many are computed again in full beside the execution's own recomputation: where that is not
  // published, as many as memory asks for (Megatron-LM's --recompute-num-layers, FSDP's checkpointing of every n-th).
  double recomputed_share = 0;
  double memory = 0;  // bytes of the worst device, allocated
  bool fits = true;
};

struct PreparedRun {
  std::string device, stack;  // names; empty where there is none
  std::shared_ptr<const Evaluator> evaluator;
  std::int64_t global_batch = 0;
  std::vector<Candidate> candidates;  // those that fit; where none does, the one that needs least. One where none is free
  double reserved_memory = 0;  // bytes that the device keeps for itself
  std::string reason;          // not empty: not answered, and why
};

// The candidate that is fastest with these constants, and its seconds. Precondition: there is no reason.
struct Fastest {
  std::size_t candidate = 0;
  double time = 0;
};
[[nodiscard]] Fastest fastest(const PreparedRun& run, const StackConstants& constants);

// Bytes that the run's own measure of memory (allocated, reserved, of the whole device) would show.
[[nodiscard]] double shown_memory(double allocated, const std::string& memory_kind, double reserved_memory);

// Prepares runs; the tables of a device are built once for each number format, node and network.
class RunPreparer {
 public:
  // `configs` holds devices/ and stacks/choice.csv. Throws ConfigError.
  RunPreparer(std::filesystem::path configs, std::vector<Stack> stacks);

  // Never throws for what a row says: what is not modelled becomes the reason.
  [[nodiscard]] PreparedRun prepared(const MeasuredRun& run);
  [[nodiscard]] const std::vector<Stack>& stacks() const { return stacks_; }

 private:
  // What a row may say of a device beside its name.
  struct Placed {
    std::string device;
    std::int64_t devices_per_node;
    double network_bandwidth;  // bytes/s
    std::string dtype;
    auto operator<=>(const Placed&) const = default;
  };
  [[nodiscard]] const Device& device(const std::string& name);
  [[nodiscard]] std::shared_ptr<const DeviceTables> tables(const Device& device, const std::string& dtype);

  std::filesystem::path configs_;
  std::vector<Stack> stacks_;
  std::vector<ChoiceRule> rules_;
  std::map<std::string, Device> devices_;
  std::map<Placed, std::shared_ptr<const DeviceTables>> tables_;
};

}  // namespace mobasim
