// What there is to say of a bench beside its rows: what was left out, and how far the machine was disturbed.
#pragma once

#include <string>
#include <vector>

#include "kernels/bench/bench.h"
#include "kernels/bench/gpu.h"

namespace mobasim::kernels::bench {

[[nodiscard]] std::vector<std::string> notes_on(const Result& result);
[[nodiscard]] std::vector<std::string> notes_on(const GpuResult& result);
// Of dry_run_table(), `device` by its name.
[[nodiscard]] std::string dry_run_note(FlopRate peak, ByteRate bandwidth, const std::string& device);

}  // namespace mobasim::kernels::bench
