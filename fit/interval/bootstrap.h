// How far a fit would have come out elsewhere with other data of the same kind: refits of resampled points (Efron &
// Tibshirani 1993, "An Introduction to the Bootstrap").
//
// What is drawn are clusters, with replacement, as many as there are: runs where the points come from training curves
// (the points of one run are not independent), single points where each is a cluster of its own (the pairs bootstrap).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fit/data/fit_data.h"
#include "fit/interval/interval.h"
#include "fit/solve/law_fit.h"
#include "sim/base/progress.h"

namespace mobasim {

struct BootstrapOptions {
  std::int64_t resamples = 4000;
  std::uint64_t seed = 0;
  int threads = 1;
  Progress progress;  // as in_parallel() has it (sim/base/parallel.h)
};

struct Bootstrap {
  std::vector<Coordinates> resamples;
  // Draws that did not determine the law (all points at one x, say) and were made again: intervals are given that the
  // data determine it. Where that never came about a resample is left out, and there are fewer than were asked for.
  std::int64_t undetermined = 0;
  // The jackknife: refits with a cluster left out, one each; of very many clusters, with a group of them left out.
  std::vector<Coordinates> without_cluster;
};

// The same bytes for any number of threads: a resample depends on the seed and its index only. Nothing is drawn from
// less than two clusters. Throws Stopped.
[[nodiscard]] Bootstrap bootstrapped(const LawFit& fit, const FitData& data, const BootstrapOptions& options);

struct BootstrapInterval {
  Interval percentile, bca;
  double standard_error = 0;  // the resamples' standard deviation
};

// Intervals of any figure that follows from the law's coordinates. Resamples in which it is not a number are left out;
// it may be infinite. Of fewer than 4 clusters, or of single points no more than one in excess of the law's
// coordinates, the intervals are everything.
//
// Both intervals read the resamples at a wider level than `level`, because the bootstrap of few is too narrow: in place
// of the normal score z stands t sqrt(n / d), Student's t with d degrees of freedom ("expanded percentile" of
// Hesterberg 2015, arXiv 1411.5279, there for a mean). For n single points and a law of p coordinates d = n - p; for n
// clusters d = n - 1, the convention for clustered errors (Cameron & Miller 2015, J. Human Resources 50, section VI.C).
// Neither reaches beyond the outermost resample. What that covers was measured
// (tests/unit/fit/interval/recovery_test.cpp, docs/method/uncertainty.md). A82.
[[nodiscard]] BootstrapInterval bootstrap_interval(const Bootstrap& bootstrap, const LawFit& fit,
                                                   const std::function<double(const Coordinates&)>& statistic,
                                                   double level = 0.95);

}  // namespace mobasim
