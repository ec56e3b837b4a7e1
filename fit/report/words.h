// Numbers, intervals and names of a fit in words, as its report has them. Nothing here prints "inf" or "nan".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fit/report/report.h"

namespace mobasim {

[[nodiscard]] std::string number(double value, int digits = 5);                   // significant ones
[[nodiscard]] std::string percent(double share);                                  // 0.0123 as "1.23%"
[[nodiscard]] std::string signed_percent(double share);                           // "+1.23%"
[[nodiscard]] std::string counted(std::int64_t count, const std::string& thing);  // "1 run", "2 runs"

[[nodiscard]] std::string times(double factor);  // "2.34", "1587"

// "0.1 to 0.2", "above 0.1", "below 0.2", or "not determined" where it is everything, or all that is above 0.
[[nodiscard]] std::string interval(const Interval& range);
[[nodiscard]] bool determines(const Interval& range);

// "compute 1e+20", "parameters 7e+09, tokens 1.4e+11"
[[nodiscard]] std::string place(const LossLaw& law, const std::vector<double>& x);
// What the law is of, as an axis has it: "compute (flop)", "parameters x tokens (params x toks)", "L_A / L_B (loss)".
[[nodiscard]] std::string x_label(const FitReport& report);
[[nodiscard]] std::string y_label(const FitReport& report);
// How far x is from the data: nothing inside it, "2 times the data", with a word of warning, "extrapolated: ..."
[[nodiscard]] std::string reach(double extrapolation);
// Where laws are compared, and how far that is from the data.
[[nodiscard]] std::string reference_words(const GroupFit& group);

// What is independent of each other: "run", "pair", "cluster", or "point".
[[nodiscard]] std::string unit_of(const FitReport& report, const GroupFit& group);
[[nodiscard]] std::string cluster_name(const GroupFit& group, std::size_t cluster);
[[nodiscard]] std::string cluster_words(const FitReport& report, const GroupFit& group,
                                        std::size_t cluster);  // "run 7"
[[nodiscard]] std::size_t cluster_of(const FitData& data, std::size_t point);
[[nodiscard]] std::string line_of(const FitData& data, std::size_t point);  // "12", or "" where it is not known

// The law with its parameters: "L = 1.69 + 406.4 N^-0.34 + 410.7 D^-0.28".
[[nodiscard]] std::string fitted_formula(const LossLaw& law);
// "squares" or "Huber, delta 0.001"; and the same with what is summed.
[[nodiscard]] std::string loss_name(const ResidualLoss& loss);
[[nodiscard]] std::string objective_formula(const ResidualLoss& loss, bool weighted);

}  // namespace mobasim
