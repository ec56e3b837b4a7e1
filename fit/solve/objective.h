// What a fit minimises: F = sum_i w_i rho(log y_i - log of the law at x_i), a sum and never a mean, with rho(r) = r^2/2
// (squares) or Huber's: r^2/2 within delta, delta (|r| - delta/2) outside (Huber 1964).
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "fit/data/fit_data.h"
#include "fit/law/term_law.h"
#include "fit/loss_law.h"

namespace mobasim {

struct ResidualLoss {
  std::optional<double> huber_delta;  // none: squares
  [[nodiscard]] double value(double r) const {
    if (!huber_delta || std::abs(r) <= *huber_delta) return r * r / 2;
    return *huber_delta * (std::abs(r) - *huber_delta / 2);
  }
  // Its slope (Huber's psi), and the slope of that.
  [[nodiscard]] double slope(double r) const { return huber_delta ? std::clamp(r, -*huber_delta, *huber_delta) : r; }
  [[nodiscard]] double curvature(double r) const { return !huber_delta || std::abs(r) <= *huber_delta ? 1 : 0; }
};

// F with its slopes, and its curvature where asked for.
struct ObjectiveValue {
  double value = 0;
  Coordinates gradient{};
  CoordinateMatrix curvature{};
  Coordinates scale{};  // diagonal of sum w (psi(r) / r) grad grad': positive, of the size of the curvature
};

enum class Derivatives { none, first, second };

// Points ready for many evaluations: log x about a centre.
class Objective {
 public:
  Objective(const LawShape& shape, const FitData& data, const ResidualLoss& loss, const Inputs& centre);
  // Each cluster so many times: a resample. Clusters of multiplicity 0 are left out.
  Objective(const LawShape& shape, const FitData& data, const ResidualLoss& loss, const Inputs& centre,
            const std::vector<double>& multiplicities);

  void evaluate(const Coordinates& at, Derivatives derivatives, ObjectiveValue& result) const;
  [[nodiscard]] double value(const Coordinates& at) const;

  [[nodiscard]] const LawShape& shape() const { return shape_; }
  [[nodiscard]] const ResidualLoss& loss() const { return loss_; }
  [[nodiscard]] std::size_t points() const { return log_y_.size(); }
  [[nodiscard]] const Inputs& u(std::size_t i) const { return u_[i]; }
  [[nodiscard]] double log_y(std::size_t i) const { return log_y_[i]; }
  [[nodiscard]] double weight(std::size_t i) const { return weights_.empty() ? 1 : weights_[i]; }

 private:
  LawShape shape_;
  ResidualLoss loss_;
  std::vector<Inputs> u_;
  std::vector<double> log_y_, weights_;
};

// Means of log x over the points.
[[nodiscard]] Inputs centre_of(const FitData& data);

}  // namespace mobasim
