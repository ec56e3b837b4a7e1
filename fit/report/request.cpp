#include "fit/report/request.h"

#include <algorithm>

namespace mobasim {

bool projects(const FitRequest& request) { return !request.project.empty() || !request.project_from.empty(); }

Selection selection_of_arm(const FitRequest& request, const std::string& value) {
  Selection selection = request.selection;
  const std::string& column = request.arms.value().column;
  selection.where.push_back(column + "=" + value);
  if (std::count(selection.run.begin(), selection.run.end(), request.size) == 0) {
    selection.run.insert(selection.run.begin(), request.size);
  }
  std::erase(selection.run, column);
  return selection;
}

Selection selection_of_targets(const FitRequest& request) {
  Selection selection = request.selection;
  selection.where = request.project_where;
  if (std::holds_alternative<PairedLaw>(request.law)) selection.loss.clear();
  return selection;
}

}  // namespace mobasim
