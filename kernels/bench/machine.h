// What this machine is, as far as it can be known: measurements are worth little without it. A chroot may lack /sys and
// /proc; what cannot be read is "unknown" or 0, never an error.
#pragma once

#include <cstdint>
#include <string>

#include "sim/base/units.h"

namespace mobasim::kernels::bench {

struct Machine {
  std::string cpu_model;              // "AMD EPYC 9654", from the processor itself where it tells
  std::int64_t processors = 1;        // that this process may use
  Bytes memory;                       // physical; 0 unknown
  Bytes last_level_cache;             // of all that share it on the socket, as the processor tells; 0 unknown
  std::string governor = "unknown";   // of processor 0: performance, schedutil, ...
  std::string system;                 // kernel name and release
  std::string frequency = "unknown";  // range that the governor may choose from: "1.5 to 3.7 GHz"
  std::string boost = "unknown";      // on, off
  std::string smt = "unknown";        // threads of a core share it: on, off
};

[[nodiscard]] Machine this_machine();

// The average number of processes that ran or waited in the last minute, as text; "unknown".
[[nodiscard]] std::string load_average();
// OpenMP's settings that were given in the environment ("OMP_PROC_BIND=close"), and the processors that this process
// may run on ("0-1").
[[nodiscard]] std::string openmp_settings();
[[nodiscard]] std::string affinity();
// A number that another build of this program does not have: a hash of the file that runs; "unknown".
[[nodiscard]] std::string program_hash();

// Now, as 2026-01-31T12:00:00Z.
[[nodiscard]] std::string utc_now();

}  // namespace mobasim::kernels::bench
