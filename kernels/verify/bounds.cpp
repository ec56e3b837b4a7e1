#include "kernels/verify/bounds.h"

#include <cmath>

namespace mobasim::kernels::verify {
namespace {

constexpr double kLseTolerance = 1e-4;
// An lse that is stored in f32: four of its roundings.
constexpr double kLseRounding = 0x1p-22;
// Relative rms of bf16 kernels, 3e-3 and 4e-3, in units of u = 2^-8.
constexpr double kForwardRms = 3e-3 * 256, kBackwardRms = 4e-3 * 256;

bool has_16_bits(Dtype dtype) { return dtype == Dtype::bf16 || dtype == Dtype::fp16; }

std::vector<double> scaled(const std::vector<double>& terms, double factor) {
  std::vector<double> bounds = terms;
  for (double& bound : bounds) bound *= factor;
  return bounds;
}

// A result stored in 16 bits is rounded there, also below the smallest normal number.
void allow_for_format(Check& check, Dtype dtype) {
  if (!has_16_bits(dtype)) return;
  for (double& bound : check.bounds) bound += least_rounding(dtype);
}

}  // namespace

std::vector<Check> forward_checks(const Case& row, const Backend& backend, const Computed& computed,
                                  const Expected& right) {
  const double u = unit_of(backend.arithmetic);
  std::vector<double> o_bounds = scaled(right.o_terms, u);
  for (std::size_t i = 0; i < o_bounds.size(); ++i) o_bounds[i] += u * std::abs(right.forward.o[i]);
  std::vector<double> lse_bounds(right.forward.lse.size(), kLseTolerance);
  if (has_16_bits(backend.arithmetic)) {
    for (std::size_t i = 0; i < lse_bounds.size(); ++i) lse_bounds[i] += kLseRounding * std::abs(right.forward.lse[i]);
  }
  Check o = {"o", computed.forward.o, right.forward.o, std::move(o_bounds), row.conditioned ? kForwardRms * u : 0};
  allow_for_format(o, backend.arithmetic);
  return {std::move(o), {"lse", computed.forward.lse, right.forward.lse, std::move(lse_bounds), 0}};
}

std::vector<Check> backward_checks(const Case& row, const Backend& backend, const Computed& computed,
                                   const Expected& right) {
  const double u = unit_of(backend.arithmetic), rms = row.conditioned ? kBackwardRms * u : 0;
  std::vector<Check> checks = {{"dq", computed.gradients.dq, right.gradients.dq, scaled(right.terms.dq, 2 * u), rms},
                               {"dk", computed.gradients.dk, right.gradients.dk, scaled(right.terms.dk, 2 * u), rms},
                               {"dv", computed.gradients.dv, right.gradients.dv, scaled(right.terms.dv, 2 * u), rms}};
  for (Check& check : checks) allow_for_format(check, backend.arithmetic);
  return checks;
}

}  // namespace mobasim::kernels::verify
