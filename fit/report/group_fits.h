// From a request and a table to the fits of all groups, and to what a report tells of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fit/prediction/group_fit.h"
#include "fit/report/report.h"
#include "fit/report/request.h"
#include "sim/base/csv.h"
#include "sim/base/progress.h"

namespace mobasim {

// The points of a group, made when it is its turn (that may throw for one group alone).
struct GroupToFit {
  std::vector<std::string> key;
  std::string name;  // "panel=p, attention=moba", or the file's where nothing groups
  std::function<FitData()> data;
  std::function<std::optional<PairedArms>()> arms = [] { return std::nullopt; };  // of a paired law
};

struct GroupsToFit {
  std::vector<RunGroup> runs;  // one each, of the first arm where there are two
  std::vector<GroupToFit> groups;
  std::int64_t dropped = 0;        // rows without a loss
  std::vector<std::string> notes;  // for people: what was dropped, and what looks as if a column were missing
};
// Throws ConfigError for what is wrong with the table.
[[nodiscard]] GroupsToFit groups_to_fit(const FitRequest& request, const CsvTable& table);

struct AskedTargets {
  std::vector<Target> targets;
  std::vector<std::string> notes;  // which of them no group answers
};
// Those of the request, or of the CSV that it names, which is read. Throws ConfigError.
[[nodiscard]] AskedTargets targets_asked(const FitRequest& request, const std::vector<RunGroup>& groups);

// Every group fitted; then all that was wrong is thrown as one ConfigError. Throws Stopped.
[[nodiscard]] std::vector<GroupFit> group_fits(const FitRequest& request, const GroupsToFit& groups,
                                               const std::vector<Target>& targets, const Progress& progress = {});

// `command`: as it would be typed again.
[[nodiscard]] FitReport report_of(const FitRequest& request, const GroupsToFit& groups,
                                  const std::vector<GroupFit>& fits, const std::vector<std::string>& command);

}  // namespace mobasim
