// Data with known parameters for the tests of this folder. Random numbers are the same on every platform.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "fit/interval/distributions.h"
#include "fit/solve/law_fit.h"
#include "sim/base/error.h"

namespace mobasim::tests {

// A law of each kind.
inline const PowerLaw kPower{2, 0.1};
inline const FlooredPowerLaw kFloored{1.7, 0.8, 0.3};
inline const ChinchillaLaw kChinchilla{1.8, 480, 0.35, 2100, 0.37};

using Random = std::mt19937_64;

inline double uniform(Random& random, double lo, double hi) {
  return lo + (hi - lo) * (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
}

// Evenly over the logarithm.
inline double log_uniform(Random& random, double lo, double hi) {
  return std::exp(uniform(random, std::log(lo), std::log(hi)));
}

inline double normal(Random& random) { return normal_quantile(uniform(random, 0, 1)); }

// A point that is a cluster of its own.
inline void add_point(FitData& data, const std::vector<double>& x, double log_y) {
  Inputs log_x{};
  for (std::size_t i = 0; i < x.size(); ++i) log_x[i] = std::log(x[i]);
  data.log_x.push_back(log_x);
  data.log_y.push_back(log_y);
  data.cluster_end.push_back(data.points());
}

using Xs = std::vector<std::vector<double>>;

// The law at every x, times exp(noise * a normal deviate).
inline FitData planted_data(const LossLaw& law, const Xs& xs, double noise, Random& random) {
  FitData data;
  for (const std::vector<double>& x : xs) {
    const double off = noise == 0 ? 0 : noise * normal(random);
    add_point(data, x, std::log(value_at(law, x)) + off);
  }
  return data;
}

inline Xs over_range(int points, double from, double to) {
  Xs xs;
  for (int i = 0; i < points; ++i) xs.push_back({from * std::pow(to / from, static_cast<double>(i) / (points - 1))});
  return xs;
}

inline FitData noisy(const LossLaw& law, const Xs& xs, double noise = 0.005, std::uint64_t seed = 1) {
  Random random(seed);
  return planted_data(law, xs, noise, random);
}
inline FitData noisy(const LossLaw& law, int points = 20, double noise = 0.005, std::uint64_t seed = 1) {
  return noisy(law, over_range(points, 0.1, 1000), noise, seed);
}

// Sizes times tokens, each evenly over its logarithm.
inline Xs over_grid(int sizes, int lengths, double tokens_from = 1e9, double tokens_to = 1e12) {
  Xs xs;
  for (const auto& n : over_range(sizes, 5e7, 1.6e10)) {
    for (const auto& d : over_range(lengths, tokens_from, tokens_to)) xs.push_back({n[0], d[0]});
  }
  return xs;
}

// Where a law of each kind is asked, and parameters such as published fits have (Hoffmann et al. 2022, Besiroglu et al.
// 2024): each term 0.3 to 1 nats in the middle of the data.
inline Xs places_for(const LossLaw& kind) {
  return shape(kind).inputs == 2 ? over_grid(6, 8) : over_range(24, 1e18, 1e23);
}

inline LossLaw random_law(const LossLaw& kind, Random& random) {
  const LawShape form = shape(kind);
  const Inputs middle = form.inputs == 2 ? Inputs{std::log(9e8), std::log(3e10)} : Inputs{std::log(3e20), 0};
  Coordinates at{};
  if (form.floor) at[0] = std::log(uniform(random, 1.2, 2));
  for (std::size_t i = 0; i < form.inputs; ++i) {
    at[form.height(i)] = std::log(uniform(random, 0.3, 1));
    at[form.exponent(i)] = form.inputs == 2 ? uniform(random, 0.25, 0.5) : uniform(random, 0.08, 0.3);
  }
  if (form.outer) at[form.outer_at()] = uniform(random, -0.4, 0.4);
  return with_parameters(kind, natural_parameters(form, at, middle));
}

inline std::vector<LossLaw> all_laws() {
  std::vector<LossLaw> laws;
  for (const std::string& one : law_names()) laws.push_back(law_named(one));
  return laws;
}

// The runs as clusters of `points` points each.
inline FitData in_clusters(FitData data, std::size_t points) {
  data.cluster_end.clear();
  for (std::size_t end = points; end <= data.points(); end += points) data.cluster_end.push_back(end);
  return data;
}

inline double relative(double value, double truth) { return std::abs(value / truth - 1); }

// What `work` says when it refuses; empty where it does not.
template <class Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline bool says(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& text : texts) {
    if (says(text, part)) return true;
  }
  return false;
}

}  // namespace mobasim::tests
