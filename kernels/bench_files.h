// The files of a bench: the profile (CSV), the device that refers to it (YAML), every sample (CSV) and how it all came
// to be (JSON).
#pragma once

#include <filesystem>
#include <string>

#include "kernels/bench.h"
#include "sim/base/table.h"

namespace mobasim::kernels {

// NAME.yaml: peak, memory, bandwidth, and efficiencies with the range of what was measured.
[[nodiscard]] std::string device_yaml(const BenchResult& result, const std::string& name);
// One line a sample.
[[nodiscard]] Table sample_table(const BenchResult& result);
[[nodiscard]] std::string provenance_json(const BenchResult& result, const std::string& name,
                                          const BenchOptions& options);

// Throws ConfigError when `name` is no file name.
void check_device_name(const std::string& name);

// Writes NAME.profile.csv, NAME.samples.csv, NAME.provenance.json and, last, NAME.yaml; each is whole or not there.
// Throws ConfigError (the name) and std::system_error.
void write_bench(const BenchResult& result, const BenchOptions& options, const std::filesystem::path& folder,
                 const std::string& name);

}  // namespace mobasim::kernels
