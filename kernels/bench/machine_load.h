// What else ran on this machine while something was measured, as far as the system tells.
#pragma once

#include <cstdint>
#include <string>

namespace mobasim::kernels::bench {

// Counters since some time in the past; differences mean something.
struct LoadCounters {
  bool known = false;           // /proc/stat could be read: then these are of all processors
  double busy = 0, stolen = 0;  // seconds of processor time: not idle; taken by the hypervisor for others
  double all = 0;               // idle ones included
  double own = 0;               // of this process
  std::int64_t preempted = 0;   // times that this process was made to wait by others (involuntary switches)
};
[[nodiscard]] LoadCounters load_counters();
// From the text of /proc/stat, `ticks` a second; own and preempted are left at 0.
[[nodiscard]] LoadCounters counters_of(const std::string& proc_stat, double ticks);

struct Load {
  bool known = false;
  double others = 0, stolen = 0;  // fractions of the processor time there was; others: busy, but not with this process
  std::int64_t preempted = 0;
};
[[nodiscard]] Load load_between(const LoadCounters& before, const LoadCounters& after);

}  // namespace mobasim::kernels::bench
