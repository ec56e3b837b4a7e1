// The normal and Student's t distribution: what intervals are made of.
#pragma once

namespace mobasim {

// P(Z <= z), with all its digits in the lower tail.
[[nodiscard]] double normal_distribution(double z);
// z with P(Z <= z) = p; -infinity at 0, infinity at 1.
[[nodiscard]] double normal_quantile(double p);

// t with P(T <= t) = p; any positive degrees of freedom, infinity is the normal's.
[[nodiscard]] double t_quantile(double p, double degrees_of_freedom);
// Two-sided: P(|T| <= q) = 0.95.
[[nodiscard]] double t_quantile_95(double degrees_of_freedom);

}  // namespace mobasim
