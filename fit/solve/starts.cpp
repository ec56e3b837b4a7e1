#include "fit/solve/starts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "fit/solve/symmetric.h"

namespace mobasim {
namespace {

constexpr std::size_t kMostColumns = kMostInputs + 1;  // floor and terms
// Exponents of each input, by what they make of a term over the range of the data: from next to nothing to a factor of
// e^12, so that the grid is the same in any unit and at any width of the data. Few points are searched more widely, and
// for terms of either sign: noise can make one rise, or be felt at the outermost point alone, and it costs next to
// nothing.
constexpr std::size_t kGrid = 8, kWideGrid = 14;
constexpr double kLowest = 0.1, kHighest = 12, kWideHighest = 800;
constexpr double kLeastShare = 1e-3;  // of the value, for what least squares leaves out: a search can bring it back

using Columns = std::array<double, kMostColumns>;

// Sums of products of the columns c and of y: the normal equations.
struct Products {
  CoordinateMatrix columns{};
  Coordinates with_y{};
  double y_squared = 0;
};

struct Cell {
  Coordinates at{};
  double value = 0;
  std::array<std::size_t, kMostInputs> place{};
};

// The best non-negative coefficients: the unconstrained solution of every set of columns, the best of those without a
// negative one. Exact, and cheap for three columns.
Columns non_negative(const Products& products, std::size_t columns) {
  Columns best{};
  double lowest = products.y_squared;
  for (unsigned set = 1; set < (1U << columns); ++set) {
    CoordinateMatrix matrix{};
    Coordinates right{};
    std::array<std::size_t, kMostColumns> of{};
    std::size_t n = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      if ((set >> j & 1U) != 0) of[n++] = j;
    }
    for (std::size_t j = 0; j < n; ++j) {
      right[j] = products.with_y[of[j]];
      for (std::size_t k = 0; k < n; ++k) matrix[j][k] = products.columns[of[j]][of[k]];
    }
    const auto l = cholesky(matrix, n);
    if (!l) continue;
    const Coordinates x = solved(*l, right, n);
    double squares = products.y_squared;
    bool allowed = true;
    for (std::size_t j = 0; j < n; ++j) {
      squares -= x[j] * right[j];
      allowed = allowed && x[j] > 0;
    }
    if (!allowed || squares >= lowest) continue;
    lowest = squares;
    best = {};
    for (std::size_t j = 0; j < n; ++j) best[of[j]] = x[j];
  }
  return best;
}

// Whether y rises with an input, by the regression of log y on all inputs: then its exponents are negative.
std::array<bool, kMostInputs> rising(const Objective& objective) {
  const std::size_t n = objective.shape().inputs + 1;
  CoordinateMatrix matrix{};
  Coordinates right{};
  for (std::size_t i = 0; i < objective.points(); ++i) {
    const Coordinates row = {1, objective.u(i)[0], objective.u(i)[1]};
    for (std::size_t j = 0; j < n; ++j) {
      right[j] += objective.weight(i) * row[j] * objective.log_y(i);
      for (std::size_t k = 0; k < n; ++k) matrix[j][k] += objective.weight(i) * row[j] * row[k];
    }
  }
  std::array<bool, kMostInputs> result{};
  const auto l = cholesky(matrix, n);
  if (!l) return result;
  const Coordinates slopes = solved(*l, right, n);
  for (std::size_t i = 0; i + 1 < n; ++i) result[i] = slopes[i + 1] > 0;
  return result;
}

double range_of(const Objective& objective, std::size_t input) {
  double least = INFINITY, most = -INFINITY;
  for (std::size_t i = 0; i < objective.points(); ++i) {
    least = std::min(least, objective.u(i)[input]);
    most = std::max(most, objective.u(i)[input]);
  }
  return most > least ? most - least : 1;
}

// exp(-exponent u) of every point for every exponent of the grid of one input.
class Grid {
 public:
  Grid(const Objective& objective, std::size_t input, bool with_rising) {
    const bool wide = objective.points() <= kFewPoints;
    const std::size_t size = wide ? kWideGrid : kGrid;
    const double width = range_of(objective, input), lowest = kLowest / width;
    const double ratio = (wide ? kWideHighest : kHighest) / kLowest;
    for (std::size_t k = 0; k < size; ++k) {
      const double exponent = lowest * std::pow(ratio, static_cast<double>(k) / static_cast<double>(size - 1));
      exponents_.push_back(exponent);
      if (with_rising) exponents_.insert(exponents_.begin(), -exponent);
    }
    for (const double exponent : exponents_) {
      std::vector<double> column(objective.points());
      for (std::size_t i = 0; i < column.size(); ++i) column[i] = std::exp(-exponent * objective.u(i)[input]);
      columns_.push_back(std::move(column));
    }
  }
  [[nodiscard]] std::size_t size() const { return exponents_.size(); }
  [[nodiscard]] double exponent(std::size_t k) const { return exponents_[k]; }
  [[nodiscard]] const std::vector<double>& column(std::size_t k) const { return columns_[k]; }

 private:
  std::vector<double> exponents_;
  std::vector<std::vector<double>> columns_;
};

// Residuals are taken relative to y, which is what logarithms of them are near the minimum.
Products products(const Objective& objective, const std::vector<double>& inverse_y,
                  const std::vector<const std::vector<double>*>& terms) {
  const bool floor = objective.shape().floor;
  const std::size_t columns = terms.size() + (floor ? 1 : 0);
  Products result;
  for (std::size_t i = 0; i < inverse_y.size(); ++i) {
    Columns row{};
    if (floor) row[0] = inverse_y[i];
    for (std::size_t k = 0; k < terms.size(); ++k) row[k + (floor ? 1 : 0)] = (*terms[k])[i] * inverse_y[i];
    const double weight = objective.weight(i);
    result.y_squared += weight;
    for (std::size_t j = 0; j < columns; ++j) {
      result.with_y[j] += weight * row[j];
      for (std::size_t k = j; k < columns; ++k) result.columns[j][k] += weight * row[j] * row[k];
    }
  }
  for (std::size_t j = 0; j < columns; ++j) {
    for (std::size_t k = 0; k < j; ++k) result.columns[j][k] = result.columns[k][j];
  }
  return result;
}

Cell cell_at(const Objective& objective, const std::vector<Grid>& grids, const std::vector<double>& inverse_y,
             const std::array<std::size_t, kMostInputs>& place) {
  const LawShape& shape = objective.shape();
  std::vector<const std::vector<double>*> terms;
  for (std::size_t i = 0; i < grids.size(); ++i) terms.push_back(&grids[i].column(place[i]));
  const std::size_t columns = terms.size() + (shape.floor ? 1 : 0);
  const Columns coefficients = non_negative(products(objective, inverse_y, terms), columns);
  double level = 0;  // coefficients are values at the centre
  for (const double coefficient : coefficients) level += coefficient;
  Cell cell;
  cell.place = place;
  const auto log_of = [&](double coefficient) {
    return objective.log_y(0) + std::log(std::max(coefficient, kLeastShare * level));
  };
  if (shape.floor) cell.at[0] = log_of(coefficients[0]);
  for (std::size_t i = 0; i < grids.size(); ++i) {
    cell.at[shape.height(i)] = log_of(coefficients[i + (shape.floor ? 1 : 0)]);
    cell.at[shape.exponent(i)] = grids[i].exponent(place[i]);
  }
  cell.value = objective.value(cell.at);
  return cell;
}

bool neighbours(const Cell& a, const Cell& b) {
  for (std::size_t i = 0; i < kMostInputs; ++i) {
    if (std::max(a.place[i], b.place[i]) - std::min(a.place[i], b.place[i]) > 1) return false;
  }
  return true;
}

// Sorted: cells that none of their neighbours undercuts first, the others after them, each part by value. How many the
// first are.
std::size_t sort_by_promise(std::vector<Cell>& cells) {
  const auto lower = [](const Cell& a, const Cell& b) { return a.value < b.value; };
  std::ranges::stable_sort(cells, lower);
  std::vector<Cell> lowest, others;
  for (const Cell& cell : cells) {
    const bool undercut = std::ranges::any_of(
        cells, [&](const Cell& other) { return other.value < cell.value && neighbours(other, cell); });
    (undercut ? others : lowest).push_back(cell);
  }
  const std::size_t first = lowest.size();
  cells = std::move(lowest);
  cells.insert(cells.end(), others.begin(), others.end());
  return first;
}

// With an outer exponent: the same terms with others, the exponents and heights so that each term is as before.
std::vector<Coordinates> with_outer(const LawShape& shape, const std::vector<Coordinates>& starts, std::size_t most) {
  std::vector<Coordinates> result;
  for (const Coordinates& start : starts) {
    for (const double log_outer : {0.0, -0.7, 0.7}) {
      if (result.size() == most) break;
      Coordinates at = start;
      for (std::size_t j = shape.height(0); j < shape.outer_at(); ++j) at[j] *= std::exp(-log_outer);
      at[shape.outer_at()] = log_outer;
      result.push_back(at);
    }
  }
  return result;
}

}  // namespace

std::vector<Coordinates> starting_points(const Objective& objective, std::size_t fewest, std::size_t most) {
  const LawShape& shape = objective.shape();
  const std::array<bool, kMostInputs> rises = rising(objective);
  std::vector<Grid> grids;
  const bool few = objective.points() <= kFewPoints;
  for (std::size_t i = 0; i < shape.inputs; ++i) grids.emplace_back(objective, i, few || rises[i]);
  std::vector<double> inverse_y;  // in units of the first, so that no unit of y is beyond what a double holds
  for (std::size_t i = 0; i < objective.points(); ++i) {
    inverse_y.push_back(std::exp(objective.log_y(0) - objective.log_y(i)));
  }
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < grids[0].size(); ++i) {
    for (std::size_t k = 0; k < (shape.inputs == 2 ? grids[1].size() : 1); ++k) {
      cells.push_back(cell_at(objective, grids, inverse_y, {i, k}));
    }
  }
  const std::size_t number = std::clamp(sort_by_promise(cells), fewest, std::max(fewest, most));
  std::vector<Coordinates> starts;
  for (const Cell& cell : cells) {
    if (starts.size() < number) starts.push_back(cell.at);
  }
  return shape.outer ? with_outer(shape, starts, number) : starts;
}

}  // namespace mobasim
