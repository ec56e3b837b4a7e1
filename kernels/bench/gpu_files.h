// What bench writes of a GPU: the profile of passes, the stages, every sample, and how it all came to be.
#pragma once

#include <filesystem>
#include <string>

#include "kernels/bench/gpu.h"
#include "sim/base/table.h"

namespace mobasim::kernels::bench {

// case,pass,stage,useful_flops,hardware_flops,bytes,floor_s,bound_by: what would run and the least time that a device
// of this peak and memory bandwidth could take (stage "all": the sum). Nothing is measured.
[[nodiscard]] Table dry_run_table(const std::vector<Case>& cases, FlopRate peak, ByteRate bandwidth);
// case,pass,stage,time_s,time_lo_s,time_hi_s,samples,useful_flops,hardware_flops,bytes
[[nodiscard]] Table stage_table(const std::vector<StageTime>& stages);
[[nodiscard]] std::string provenance_json(const GpuResult& result, const GpuOptions& options, const cuda::Gpu& gpu,
                                          const std::string& name);

// Writes NAME.profile.csv, NAME.stages.csv, NAME.samples.csv and, last, NAME.provenance.json; each is whole or not
// there.
void write_gpu_result(const GpuResult& result, const GpuOptions& options, const cuda::Gpu& gpu,
                      const std::filesystem::path& folder, const std::string& name);

}  // namespace mobasim::kernels::bench
