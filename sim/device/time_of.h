// How long one operation takes on a device: from its measured table inside the table's range (log-log interpolation of
// the time per FLOP), else from its limits - and which of the two it was.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "sim/attention/attention.h"
#include "sim/base/basis.h"
#include "sim/base/units.h"
#include "sim/device/device.h"

namespace mobasim {

// [m, k] x [k, n], `count` times.
struct MatrixProduct {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t count = 1;
  std::string dtype;
};

enum class Pass { forward, backward };

struct AttentionLayer {
  Attention attention;
  AttentionShape shape;
  Pass pass = Pass::forward;
  std::string dtype;
  std::string implementation;  // empty: the fastest of the device's table
};

// Bound by memory: norms, activations, residuals, optimizer.
struct MemoryBound {
  Bytes bytes;
};

// Ring all-reduce, reduce-scatter or all-gather of `bytes` per device over `devices` (docs/method/simulator.md, A30).
struct Collective {
  enum class Kind { all_reduce, reduce_scatter, all_gather } kind = Kind::all_reduce;
  Bytes bytes;
  std::int64_t devices = 1;
};

using Operation = std::variant<MatrixProduct, AttentionLayer, MemoryBound, Collective>;

// lo and hi: the spread of what it rests on (quartiles, disagreement of sources, range of an assumption).
struct TimeEstimate {
  Seconds time, lo, hi;
  Basis basis = Basis::measured;
  std::string note;  // what it rests on, in words: "flash_attention_3, 2K..16K, held beyond"
};

[[nodiscard]] TimeEstimate time_of(const Operation& operation, const DeviceProfile& device);
// The least time that the peaks allow; time_of is never below it.
[[nodiscard]] Seconds roofline(const Operation& operation, const DeviceProfile& device);

}  // namespace mobasim
