// The files of a bench: the profile (CSV), the device that refers to it (YAML), every sample (CSV) and how it all came
// to be (JSON).
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernels/bench/bench.h"
#include "sim/base/table.h"

namespace mobasim::kernels::bench {

// NAME.yaml: peak, memory, bandwidth, and efficiencies with the range of what was measured.
[[nodiscard]] std::string device_yaml(const Result& result, const std::string& name);
// One line a sample; the column `row` counts those of the profile from 1.
[[nodiscard]] Table sample_table(const std::vector<MeasuredRow>& rows);
[[nodiscard]] std::vector<ProfileRow> profile_rows(const std::vector<MeasuredRow>& rows);
// A row's shape in few words: "moba forward 4096 b512 k3 d64 f32".
[[nodiscard]] std::string shape(const ProfileRow& row);
[[nodiscard]] std::string provenance_json(const Result& result, const std::string& name, const Options& options);

// {"name": value, ...}, a line each; the values are JSON already.
[[nodiscard]] std::string json_object(const std::vector<std::pair<std::string, std::string>>& fields);
// ["word", ...]
[[nodiscard]] std::string json_texts(const std::vector<std::string>& words);

// Throws ConfigError when `name` is no file name.
void check_device_name(const std::string& name);

// Writes NAME.profile.csv, NAME.samples.csv, NAME.provenance.json and, where describes_device(result), NAME.yaml: all
// or none.
// Throws ConfigError (the name) and std::system_error.
void write_result(const Result& result, const Options& options, const std::filesystem::path& folder,
                  const std::string& name);

}  // namespace mobasim::kernels::bench
