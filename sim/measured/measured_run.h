// Published, measured training runs: a row of a table as model, workload, layout and what was measured.
//
// The reader is liberal. A table of another source may say things that no one foresaw: a row that is not understood or
// not modelled keeps a reason in words and is not answered, and the other rows are. What a row leaves open (microbatch,
// layout, recomputation not published) is marked as free, and the caller takes the fastest choice that fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/csv.h"
#include "sim/measured/conventions.h"
#include "sim/measured/row_words.h"
#include "sim/model/model_shape.h"
#include "sim/run/execution.h"
#include "sim/run/workload.h"

namespace mobasim {

// What a row does not say. The values in the run are then a first choice.
struct FreeChoices {
  bool split = false;  // tensor, pipeline and data
  bool microbatch = false;
  bool virtual_stages = false;
  bool recompute = false;
  bool recompute_in_part = false;  // of some layers only, as many as memory asks for
  bool shard = false;              // the states may be shared by a node or by all
  [[nodiscard]] bool any() const { return split || microbatch || virtual_stages || recompute || shard; }
};

struct MeasuredRun {
  std::string id, source, group, framework, gpu;
  ModelShape model;
  Workload workload;
  Execution execution;
  FreeChoices free;
  StackChanges changes;
  std::int64_t devices = 0;
  std::int64_t devices_per_node = 0;        // 0: the device's own
  std::optional<double> network_bandwidth;  // bytes/s per device and direction between nodes
  std::optional<double> time;               // seconds of a step
  std::string time_from;                    // the column, and for FLOP/s the convention
  std::optional<double> stated_flops;       // FLOP/s per device as printed
  std::optional<FlopConvention> convention;
  std::optional<double> memory;  // bytes of the worst device
  std::string memory_kind;
  std::vector<std::string> notes;  // what was assumed
  std::string reason;              // not empty: not answered, and why
};

// In the order of the table. Columns beyond the known ones are ignored; of those known only id, framework, gpu, seq,
// gbs, n_gpus, hidden, layers and heads must be there. Throws ConfigError when one of these is missing.
[[nodiscard]] std::vector<MeasuredRun> measured_runs_from(const CsvTable& table);

}  // namespace mobasim
