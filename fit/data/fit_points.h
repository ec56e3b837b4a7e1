// From the runs of a group to what is fitted: the chosen points in logarithms, cluster by cluster.
#pragma once

#include <string>

#include "fit/data/fit_data.h"
#include "fit/data/observations.h"

namespace mobasim {

// The chosen points of every run. A run is a cluster, named by its key; runs of one cluster value are one cluster,
// named by that value, at the place of its first run. Weights are left out where all are 1, names where there are none.
[[nodiscard]] FitData fit_data_of(const RunGroup& group, const PointRule& rule);

// Runs of arm A and arm B with the same key (the size column) make a pair; each pair gives one point, a cluster of its
// own: the ratio of the geometric means of the losses of its chosen points, at the geometric mean of both arms' x
// (docs/method/laws.md, "PAIRED"). Its weight is the harmonic mean of both arms': with weights that are inverse
// variances of log losses, w, that of the log ratio is 1 / (1/w_a + 1/w_b); twice it, so that weights of 1 give 1.
// Throws ConfigError (naming `what`, the group) for a run without its partner, and for two runs of one key in one arm.
[[nodiscard]] FitData paired_data_of(const RunGroup& a, const RunGroup& b, const PointRule& rule,
                                     const std::string& what);

}  // namespace mobasim
