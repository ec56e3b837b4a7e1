#include "fit/data/fit_data.h"

namespace mobasim {

FitData subset(const FitData& data, const std::vector<std::size_t>& clusters) {
  FitData part;
  const auto append = [](auto& to, const auto& from, std::size_t begin, std::size_t end) {
    if (from.empty()) return;
    to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(begin),
              from.begin() + static_cast<std::ptrdiff_t>(end));
  };
  for (const std::size_t cluster : clusters) {
    const std::size_t begin = cluster == 0 ? 0 : data.cluster_end.at(cluster - 1), end = data.cluster_end.at(cluster);
    append(part.log_x, data.log_x, begin, end);
    append(part.log_y, data.log_y, begin, end);
    append(part.weights, data.weights, begin, end);
    append(part.lines, data.lines, begin, end);
    append(part.cluster_names, data.cluster_names, cluster, cluster + 1);
    part.cluster_end.push_back(part.log_y.size());
  }
  return part;
}

}  // namespace mobasim
