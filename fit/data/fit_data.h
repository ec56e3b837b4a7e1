// The points that a law is fitted to, in logarithms, one cluster after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fit/law/term_law.h"

namespace mobasim {

struct FitData {
  std::vector<Inputs> log_x;               // compute, or parameters and tokens
  std::vector<double> log_y;               // of the loss, or of a ratio of losses
  std::vector<double> weights;             // of the points in the objective; empty: each counts once
  std::vector<std::size_t> cluster_end;    // per cluster, the index after its last point; none is empty
  std::vector<std::string> cluster_names;  // one a cluster; empty where no cluster has a name
  std::vector<std::int64_t> lines;         // in the file of each point, for people; may be empty
  [[nodiscard]] std::size_t points() const { return log_y.size(); }
  [[nodiscard]] std::size_t clusters() const { return cluster_end.size(); }
  // False where every point is a cluster of its own.
  [[nodiscard]] bool clustered() const { return cluster_end.size() < log_y.size(); }
};

// The clusters of these indices, each as often as it is named (empty clusters are not made).
[[nodiscard]] FitData subset(const FitData& data, const std::vector<std::size_t>& clusters);

}  // namespace mobasim
