// All that a study comes to on one axis: its laws, curves and projections as tables, what they say in words, and where
// it is from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fit/study/projection.h"
#include "fit/study/verdict.h"
#include "sim/base/provenance.h"
#include "sim/base/table.h"

namespace mobasim {

struct StudyResult {
  Projection projection;
  Table laws, curves, points, sizes;  // `points` is projection_table()
  std::optional<Table> spread;        // on gpu_hours and dollars
  std::string summary;                // lines
};
// Throws ConfigError when an arm's data cannot determine its law.
[[nodiscard]] StudyResult study_result(const Study& study, const StudyData& data, const CostBasis& costs);

// What was left out of the data, a line each.
[[nodiscard]] std::vector<std::string> notes_on(const StudyData& data);

// The files that were read, `device` among them where the axis needs one, and the facts; program and command are left
// to the caller.
[[nodiscard]] Provenance provenance_of(const Study& study, const CostBasis& costs, const std::filesystem::path& device);

}  // namespace mobasim
