#include "fit/solve/law_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "fit/solve/degenerate.h"
#include "fit/solve/newton.h"
#include "fit/solve/solve.h"
#include "fit/solve/starts.h"

namespace mobasim {
namespace {

const double kRaisedFloor = std::log(0.1);  // of the loss: where the search for a floor begins that was at zero
const double kLowFloor = std::log(1e-6);    // of the loss: below it the question is whether there is a floor at all
constexpr std::size_t kStarts = 8;
constexpr std::size_t kMostStarts = 32;  // with up to kFewPoints points, where the grid shows so many valleys
constexpr double kSame = 1e-9;           // relative: two minima that agree to this are the same one
// Where there are more points than this the searches run on an even sample of so many; its minimum is then carried on
// to all points. Local searches cost time in proportion, and a sample of thousands shows the same landscape.
constexpr std::size_t kSearchedPoints = 2000;

FitData sample_of(const FitData& data) {
  FitData sample;
  const double step = static_cast<double>(data.points()) / kSearchedPoints;
  for (std::size_t k = 0; k < kSearchedPoints; ++k) {
    const auto i = static_cast<std::size_t>(step * (static_cast<double>(k) + 0.5));
    sample.log_x.push_back(data.log_x[i]);
    sample.log_y.push_back(data.log_y[i]);
    if (!data.weights.empty()) sample.weights.push_back(data.weights[i]);
    sample.cluster_end.push_back(k + 1);
  }
  return sample;
}

// Rounding alone keeps a sum of squares from 0: values below this are equal.
double rounding_of(const Objective& objective) { return 1e-28 * static_cast<double>(objective.points()); }

bool same(double a, double b, const Objective& objective) {
  return std::abs(a - b) <= kSame * std::min(a, b) + rounding_of(objective);
}

bool low_floor(const Objective& objective, const Coordinates& at) {
  return objective.shape().floor && at[0] < kLowFloor + objective.log_y(0);
}

// Where a parabola in the floor itself (not in its logarithm) has its minimum, seen from a law without one; none where
// a floor above zero only makes the objective larger. dF / dfloor = -sum w psi(r) / y, and its slope about
// sum w psi'(r) / y^2.
std::optional<double> better_floor(const Objective& objective, const Coordinates& at) {
  double slope = 0, curvature = 0;
  for (std::size_t i = 0; i < objective.points(); ++i) {
    const double log_y = value_of(objective.shape(), at, objective.u(i)).log_y;
    const double r = objective.log_y(i) - log_y;
    slope -= objective.weight(i) * objective.loss().slope(r) * std::exp(-log_y);
    curvature += objective.weight(i) * objective.loss().curvature(r) * std::exp(-2 * log_y);
  }
  if (slope >= 0) return std::nullopt;
  return curvature > 0 ? -slope / curvature : std::exp(kLowFloor + objective.log_y(0));
}

// The lower of a minimum and of where the law without a floor leads: to a floor of zero, or up from there.
LocalMinimum lower_by_floor(const Objective& objective, const LocalMinimum& minimum, const Coordinates& without) {
  const LocalMinimum zero = newton_minimum(objective, without);
  const std::optional<double> floor = better_floor(objective, zero.at);
  if (!floor) return zero.value <= minimum.value ? zero : minimum;
  Coordinates raised = zero.at;
  raised[0] = std::log(*floor);
  const LocalMinimum above = newton_minimum(objective, raised);
  return above.value < minimum.value ? above : minimum;
}

// Where a local search ends. A solver creeps without end along the valley to a floor of zero: where it got nowhere, the
// law without a floor is looked at first.
LocalMinimum ended(const Objective& objective, const LocalMinimum& local) {
  Coordinates without = local.at;
  if (!objective.shape().floor) return newton_minimum(objective, local.at);
  without[0] = -INFINITY;
  if (!local.converged) {
    const LocalMinimum zero = newton_minimum(objective, without);
    if (zero.value <= local.value && !better_floor(objective, zero.at)) return zero;
  }
  const LocalMinimum minimum = newton_minimum(objective, local.at);
  if (minimum.converged && !low_floor(objective, minimum.at)) return minimum;
  return lower_by_floor(objective, minimum, without);
}

// The same with a floor that a solver can start from.
Coordinates with_floor(const Objective& objective, Coordinates at) {
  if (objective.shape().floor && std::isinf(at[0])) at[0] = kRaisedFloor + objective.log_y(0);
  return at;
}

// Carried on where Newton's steps ran out before their end: in a long flat valley.
LocalMinimum carried_on(const Objective& objective, LocalMinimum minimum) {
  // A floor of zero is asked once more whether it is the lowest end of its valley.
  for (int i = 0; i < 20 && (!minimum.converged || (i == 0 && low_floor(objective, minimum.at))); ++i) {
    const LocalMinimum next = ended(objective, minimum_by_bfgs(objective, with_floor(objective, minimum.at)));
    if (!(next.value < minimum.value * (1 - 1e-12))) break;
    minimum = next;
  }
  return minimum;
}

struct Search {
  LocalMinimum best;
  std::int64_t starts = 0, hits = 0;
  double solvers_apart = 0;
};

Search searched(const Objective& objective) {
  const std::vector<Coordinates> starts =
      starting_points(objective, kStarts, objective.points() <= kFewPoints ? kMostStarts : kStarts);
  std::vector<LocalMinimum> minima;
  // Each loss by the solver that is quick for it, and by the other one as a check.
  const bool squares = !objective.loss().huber_delta;
  const auto solver = squares ? minimum_by_levenberg_marquardt : minimum_by_bfgs;
  const auto other_solver = squares ? minimum_by_bfgs : minimum_by_levenberg_marquardt;
  for (const Coordinates& start : starts) minima.push_back(ended(objective, solver(objective, start)));
  Search search;
  search.best = carried_on(objective, *std::ranges::min_element(minima, {}, &LocalMinimum::value));
  // The other solver, from the most promising start: if it ends elsewhere, from the best end so far.
  LocalMinimum other = ended(objective, other_solver(objective, starts.front()));
  if (!same(other.value, search.best.value, objective)) {
    if (other.value < search.best.value) {
      std::swap(other, search.best);
      other = ended(objective, solver(objective, with_floor(objective, search.best.at)));
    } else {
      other = ended(objective, other_solver(objective, with_floor(objective, search.best.at)));
    }
  }
  if (other.value < search.best.value) std::swap(other, search.best);
  search.solvers_apart =
      std::max(0.0, other.value - search.best.value - rounding_of(objective)) / std::max(search.best.value, 1e-300);
  search.starts = static_cast<std::int64_t>(starts.size());
  // On the way to a floor of zero each stops at another one next to it: they are the same without it.
  const double lowest = without_what_vanished(objective, search.best).value;
  const auto hits = std::ranges::count_if(minima, [&](const LocalMinimum& one) {
    return same(one.value, search.best.value, objective) ||
           same(without_what_vanished(objective, one).value, lowest, objective);
  });
  search.hits = std::max<std::int64_t>(1, hits);  // one led to what was carried on
  return search;
}

// exp, with the digits that the logarithm took given back: the largest 100 of the data is 100.
double value_of_log(double log_x) { return std::strtod(fmt::format("{:.14g}", std::exp(log_x)).c_str(), nullptr); }

std::array<Interval, kMostInputs + 1> ranges_of(const FitData& data) {
  std::array<Interval, kMostInputs + 1> ranges;
  for (Interval& range : ranges) range = {range.hi, range.lo};
  const auto widen = [](Interval& range, double log_x) {
    range = {std::min(range.lo, log_x), std::max(range.hi, log_x)};
  };
  for (const Inputs& log_x : data.log_x) {
    widen(ranges[0], log_x[0]);
    widen(ranges[1], log_x[1]);
    widen(ranges[2], log_x[0] + log_x[1]);
  }
  for (Interval& range : ranges) range = {value_of_log(range.lo), value_of_log(range.hi)};
  return ranges;
}

}  // namespace

LawFit fitted(const LossLaw& kind, const FitData& data, const ResidualLoss& loss, const std::string& what) {
  const LawShape form = shape(kind);
  require_determined(kind, data, what);
  LawFit fit;
  fit.loss = loss;
  fit.centre = centre_of(data);
  fit.points = static_cast<std::int64_t>(data.points());
  fit.clusters = static_cast<std::int64_t>(data.clusters());
  const auto ranges = ranges_of(data);
  fit.range = {ranges[0], ranges[1]};
  fit.product_range = ranges[2];

  const Objective objective(form, data, loss, fit.centre);
  Search search;
  if (data.points() > kSearchedPoints) {
    search = searched(Objective(form, sample_of(data), loss, fit.centre));
    LocalMinimum other = ended(objective, minimum_by_bfgs(objective, with_floor(objective, search.best.at)));
    search.best = newton_minimum(objective, search.best.at);
    if (other.value < search.best.value) std::swap(other, search.best);
    search.solvers_apart = (other.value - search.best.value) / std::max(search.best.value, 1e-300);
  } else {
    search = searched(objective);
  }
  const LocalMinimum minimum = without_what_vanished(objective, search.best);
  fit.at = minimum.at;
  fit.objective = minimum.value;
  fit.starts = search.starts;
  fit.hits = search.hits;
  fit.solvers_apart = search.solvers_apart;
  fit.floor_at_zero = form.floor && std::isinf(fit.at[0]);
  fit.law = with_parameters(kind, natural_parameters(form, fit.at, fit.centre));
  fit.degenerate = degeneracies(kind, objective, fit.at);
  if (fit.solvers_apart > kSame) {
    fit.degenerate.push_back("the two solvers end apart: the minimum may not be the lowest there is");
  }
  const std::string beyond = beyond_numbers(fit);
  if (!beyond.empty()) fit.degenerate.push_back(beyond);
  return fit;
}

std::optional<Coordinates> refitted(const LawFit& fit, const Objective& objective) {
  if (!determined(shape(fit.law), objective)) return std::nullopt;
  LocalMinimum best = newton_minimum(objective, fit.at);
  if (!best.converged) best = newton_minimum(objective, minimum_by_bfgs(objective, best.at).at);
  if (fit.floor_at_zero) {  // other points may well have one
    Coordinates raised = best.at;
    raised[0] = kRaisedFloor + objective.log_y(0);
    const LocalMinimum with_floor = newton_minimum(objective, raised);
    if (with_floor.value < best.value) best = with_floor;
  }
  return low_floor(objective, best.at) ? without_what_vanished(objective, best).at : best.at;
}

LawValue law_at(const LawFit& fit, const Coordinates& at, const Inputs& log_x) {
  const LawShape form = shape(fit.law);
  Inputs u{};
  for (std::size_t i = 0; i < form.inputs; ++i) u[i] = log_x[i] - fit.centre[i];
  return value_of(form, at, u);
}

double log_predicted(const LawFit& fit, const Coordinates& at, const Inputs& log_x) {
  return law_at(fit, at, log_x).log_y;
}

double predicted(const LawFit& fit, const std::vector<double>& x) {
  return std::exp(log_predicted(fit, fit.at, logarithms(x)));
}

double extrapolation(const LawFit& fit, const std::vector<double>& x) {
  double most = x[0] / fit.range[0].hi;
  if (x.size() == 2) most = std::max({most, x[1] / fit.range[1].hi, x[0] * x[1] / fit.product_range.hi});
  return most;
}

}  // namespace mobasim
