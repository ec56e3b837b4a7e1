#include "fit/interval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "fit/interval/distributions.h"
#include "tests/catch.h"

namespace mobasim::tests::bootstrap_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Points about L = 2 x^-0.2 with noise that a seed gives.
FitData noisy_points(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> noise(-0.02, 0.02);
  FitData data;
  for (std::size_t i = 0; i < n; ++i) {
    data.log_x.push_back({0.1 * static_cast<double>(i), 0});
    data.log_y.push_back(std::log(2) - 0.2 * data.log_x.back()[0] + noise(random));
    data.cluster_end.push_back(i + 1);
  }
  return data;
}

LawFit power_fit(const FitData& data) { return fitted(PowerLaw{}, data, {}, "planted"); }

// A fit of so many points that no level is widened, whose statistic is coordinate 0.
LawFit plain_fit(double estimate) {
  LawFit fit;
  fit.law = PowerLaw{};
  fit.points = fit.clusters = 1'000'000'000'000;
  fit.at[0] = estimate;
  return fit;
}

std::vector<Coordinates> of_values(const std::vector<double>& values) {
  std::vector<Coordinates> result;
  for (const double value : values) result.push_back({value});
  return result;
}

double first(const Coordinates& at) { return at[0]; }

std::vector<double> counted(int from, int to) {
  std::vector<double> values(static_cast<std::size_t>(to - from + 1));
  std::iota(values.begin(), values.end(), from);
  return values;
}

double variance(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("The bytes of a bootstrap do not depend on the number of threads, and follow the seed") {
  const FitData data = noisy_points(25, 1);
  const LawFit fit = power_fit(data);
  const Bootstrap one = bootstrapped(fit, data, {300, 5, 1, {}});
  REQUIRE(one.resamples.size() == 300);
  REQUIRE(one.without_cluster.size() == 25);
  for (const int threads : {2, 5}) {
    const Bootstrap many = bootstrapped(fit, data, {300, 5, threads, {}});
    CHECK(many.resamples == one.resamples);
    CHECK(many.without_cluster == one.without_cluster);
  }
  CHECK(bootstrapped(fit, data, {300, 6, 1, {}}).resamples != one.resamples);
  // A resample depends on its index, not on how many there are.
  const Bootstrap fewer = bootstrapped(fit, data, {100, 5, 1, {}});
  CHECK(std::equal(fewer.resamples.begin(), fewer.resamples.end(), one.resamples.begin()));
}

TEST_CASE("Clusters are drawn whole: copies of a point within its cluster change no resample") {
  const FitData data = noisy_points(20, 2);
  FitData doubled;
  for (std::size_t i = 0; i < data.points(); ++i) {
    for (int copy = 0; copy < 2; ++copy) {
      doubled.log_x.push_back(data.log_x[i]);
      doubled.log_y.push_back(data.log_y[i]);
    }
    doubled.cluster_end.push_back(doubled.points());
  }
  const Bootstrap single = bootstrapped(power_fit(data), data, {50, 3, 1, {}});
  const Bootstrap both = bootstrapped(power_fit(doubled), doubled, {50, 3, 1, {}});
  for (std::size_t i = 0; i < single.resamples.size(); ++i) {
    for (std::size_t j = 0; j < 2; ++j) CHECK(both.resamples[i][j] == Approx(single.resamples[i][j]).epsilon(1e-9));
  }
}

TEST_CASE("The jackknife leaves out each cluster once, and groups of very many") {
  const FitData data = noisy_points(12, 3);
  const LawFit fit = power_fit(data);
  const Bootstrap bootstrap = bootstrapped(fit, data, {1, 0, 1, {}});
  for (std::size_t left_out = 0; left_out < data.clusters(); ++left_out) {
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < data.clusters(); ++i) {
      if (i != left_out) others.push_back(i);
    }
    const LawFit alone = power_fit(subset(data, others));
    const auto by_refit = natural_parameters(PowerLaw::kShape, bootstrap.without_cluster[left_out], fit.centre);
    CHECK(by_refit[1] == Approx(parameters(alone.law)[1]).epsilon(1e-8));
  }
  const FitData many = noisy_points(2000, 4);
  CHECK(bootstrapped(power_fit(many), many, {1, 0, 1, {}}).without_cluster.size() == 200);
}

TEST_CASE("Draws that do not determine the law are made again and counted") {
  FitData data = noisy_points(5, 5);
  for (std::size_t i = 1; i < 5; ++i) data.log_x[i] = data.log_x[1];  // one point alone stands at another x
  const Bootstrap bootstrap = bootstrapped(power_fit(data), data, {200, 1, 1, {}});
  CHECK(bootstrap.resamples.size() == 200);
  CHECK(bootstrap.undetermined > 50);            // (4/5)^5 + (1/5)^5 = 33% of the draws
  CHECK(bootstrap.undetermined < 150);           // 98 are expected for 200
  CHECK(bootstrap.without_cluster.size() == 4);  // without that point there is no law
}

TEST_CASE("A bootstrap tells how far it is, and stops when asked to") {
  const FitData data = noisy_points(10, 6);
  const LawFit fit = power_fit(data);
  std::vector<std::string> seen;
  const auto note = [&](const std::string& line) { seen.push_back(line); };
  (void)bootstrapped(fit, data, {50, 0, 3, Progress(note, {})});
  REQUIRE(seen.size() == 60);
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == fmt::format("bootstrap {} of 60", i + 1));

  seen.clear();
  const Progress stopping(note, [&] { return seen.size() >= 7; });
  CHECK_THROWS_AS(bootstrapped(fit, data, {50, 0, 1, stopping}), Stopped);
  CHECK(seen.size() == 7);
}

TEST_CASE("A percentile interval is made of order statistics") {
  Bootstrap bootstrap;
  bootstrap.resamples = of_values(counted(1, 999));
  const BootstrapInterval at = bootstrap_interval(bootstrap, plain_fit(500), first);
  CHECK(at.percentile.lo == Approx(25).epsilon(1e-6));  // numbers 0.025 and 0.975 times 1000
  CHECK(at.percentile.hi == Approx(975).epsilon(1e-6));
  CHECK(at.bca.lo == Approx(25).margin(0.2));  // no bias, no acceleration
  CHECK(at.bca.hi == Approx(975).margin(0.2));
  CHECK(at.standard_error == Approx(999 / std::sqrt(12)).epsilon(0.002));
  const BootstrapInterval narrow = bootstrap_interval(bootstrap, plain_fit(500), first, 0.5);
  CHECK(narrow.percentile.lo == Approx(250).epsilon(1e-6));
}

TEST_CASE("BCa corrects as in the example of Efron and Tibshirani") {
  // "Spatial test data", A: the plug-in variance, 90% intervals (tables 14.1 and 14.2, 2000 resamples there):
  // percentile (100.8, 233.9), BCa (115.8, 259.6). The acceleration there is 0.061.
  const std::vector<double> data = {48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6,
                                    0,  33, 28, 34, 4,  32, 24, 47, 41, 24, 26, 30, 41};
  std::mt19937 random(14);
  Bootstrap bootstrap;
  for (int i = 0; i < 40000; ++i) {
    std::vector<double> drawn;
    for (std::size_t j = 0; j < data.size(); ++j) drawn.push_back(data[random() % data.size()]);
    bootstrap.resamples.push_back({variance(drawn)});
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::vector<double> others = data;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    bootstrap.without_cluster.push_back({variance(others)});
  }
  const BootstrapInterval at = bootstrap_interval(bootstrap, plain_fit(variance(data)), first, 0.9);
  CHECK(at.percentile.lo == Approx(100.8).margin(5));
  CHECK(at.percentile.hi == Approx(233.9).margin(5));
  CHECK(at.bca.lo == Approx(115.8).margin(3));
  CHECK(at.bca.hi == Approx(259.6).margin(3));
}

TEST_CASE("Few points widen the level, and too few give no interval") {
  Bootstrap bootstrap;
  bootstrap.resamples = of_values(counted(1, 99999));
  LawFit fit = plain_fit(50000);
  double narrower = 0;
  for (const std::int64_t points : {5, 8, 20, 100}) {
    fit.points = fit.clusters = points;
    const Interval at = bootstrap_interval(bootstrap, fit, first).percentile;
    const double n = static_cast<double>(points);
    CHECK(at.lo == Approx(1e5 * normal_distribution(-t_quantile_95(n - 2) * std::sqrt(n / (n - 2)))).margin(1));
    CHECK(at.lo > narrower);
    narrower = at.lo;
  }
  fit.points = fit.clusters = 3;  // one more than the law's coordinates
  CHECK(bootstrap_interval(bootstrap, fit, first).bca.hi == kInfinity);
  // Of clusters one degree of freedom is gone, however many coordinates.
  fit.points = 100;
  fit.clusters = 8;
  CHECK(bootstrap_interval(bootstrap, fit, first).percentile.lo ==
        Approx(1e5 * normal_distribution(-t_quantile_95(7) * std::sqrt(8.0 / 7))).margin(1));
  fit.clusters = 3;
  CHECK(bootstrap_interval(bootstrap, fit, first).percentile.lo == -kInfinity);
}

TEST_CASE("Statistics at the edge: infinite, not a number, all equal") {
  Bootstrap bootstrap;
  std::vector<double> values = counted(1, 999);
  for (std::size_t i = 0; i < 100; ++i) values[i] = -kInfinity;  // a floor of 0, in logarithms
  bootstrap.resamples = of_values(values);
  const BootstrapInterval low = bootstrap_interval(bootstrap, plain_fit(500), first);
  CHECK(low.percentile.lo == -kInfinity);
  CHECK(low.percentile.hi == Approx(975).epsilon(1e-6));
  CHECK(low.standard_error == kInfinity);
  // The same by the floor itself: 0 is a value.
  const auto floor = [](const Coordinates& at) { return std::exp(at[0] / 100); };
  const BootstrapInterval by_floor = bootstrap_interval(bootstrap, plain_fit(500), floor);
  CHECK(by_floor.percentile.lo == 0);
  CHECK(by_floor.percentile.hi == Approx(std::exp(9.75)).epsilon(1e-6));

  bootstrap.resamples = of_values(std::vector<double>(200, 0.0));  // every resample puts the floor at 0
  bootstrap.without_cluster = of_values(std::vector<double>(30, 0.0));
  const BootstrapInterval none = bootstrap_interval(bootstrap, plain_fit(0), first);
  CHECK(none.bca.lo == 0);
  CHECK(none.bca.hi == 0);
  CHECK(none.standard_error == 0);

  // Where most resamples equal the estimate there is no bias to correct.
  values = std::vector<double>(700, 0.0);
  for (int i = 1; i < 300; ++i) values.push_back(i);
  bootstrap.resamples = of_values(values);
  const BootstrapInterval edge = bootstrap_interval(bootstrap, plain_fit(0), first);
  CHECK(edge.bca.lo == 0);
  CHECK(edge.bca.hi == edge.percentile.hi);

  values = counted(1, 999);
  values.resize(1500, std::numeric_limits<double>::quiet_NaN());
  bootstrap.resamples = of_values(values);
  CHECK(bootstrap_interval(bootstrap, plain_fit(500), first).percentile.hi == Approx(975).epsilon(1e-6));
}

TEST_CASE("The standard error of many points is that of the regression") {
  const FitData data = noisy_points(400, 7);
  const LawFit fit = power_fit(data);
  const Bootstrap bootstrap = bootstrapped(fit, data, {2000, 1, 2, {}});
  const auto exponent = [](const Coordinates& at) { return at[PowerLaw::kShape.exponent(0)]; };
  double residuals = 0, spread = 0;
  for (std::size_t i = 0; i < data.points(); ++i) {
    const double u = data.log_x[i][0] - fit.centre[0];
    const double r = data.log_y[i] - log_predicted(fit, fit.at, data.log_x[i]);
    residuals += r * r;
    spread += u * u;
  }
  const double classical = std::sqrt(residuals / 398 / spread);
  CHECK(bootstrap_interval(bootstrap, fit, exponent).standard_error == Approx(classical).epsilon(0.1));
}

}  // namespace mobasim::tests::bootstrap_test
