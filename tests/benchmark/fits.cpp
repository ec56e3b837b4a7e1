// How fast laws are fitted: one Chinchilla law from scratch and the refits of its bootstrap, on 240 points of the shape
// of the isoFLOP runs of Hoffmann et al. 2022 (planted parameters), or on those of a file. fits_scipy.py does the same
// work with scipy and prints the ratios.
//
//   fits_benchmark [--data CSV] [--write CSV] [--huber-delta 0.001] [--refits 4000] [--repeats 15] [--seed 1]
//
// CSV: columns parameters, tokens, loss.
#include <fmt/format.h>
#include <fmt/os.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "fit/interval/bootstrap.h"
#include "fit/interval/distributions.h"
#include "sim/base/csv.h"
#include "sim/base/text.h"

using namespace mobasim;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void add_point(FitData& data, double parameters, double tokens, double loss) {
  data.log_x.push_back({std::log(parameters), std::log(tokens)});
  data.log_y.push_back(std::log(loss));
  data.cluster_end.push_back(data.points());
}

FitData read_points(const std::string& file) {
  const CsvTable table = CsvTable::read(file);
  const std::size_t parameters = table.column("parameters"), tokens = table.column("tokens"),
                    loss = table.column("loss");
  FitData data;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    add_point(data, table.number(row, parameters), table.number(row, tokens), table.number(row, loss));
  }
  return data;
}

// 8 compute budgets from 6e18 to 3e21 FLOP, 30 model sizes each, within a factor of 8 of where D = 20 N. The law is the
// one that Besiroglu et al. 2024 (arXiv 2404.10102) found; noise of 0.5% in the logarithm, of 2% for one point in ten.
FitData planted_points() {
  constexpr int kBudgets = 8, kSizes = 30;
  const ChinchillaLaw law{1.8172, 482.01, 0.3478, 2085.43, 0.3658};
  std::mt19937_64 random(2022);
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
  FitData data;
  for (int budget = 0; budget < kBudgets; ++budget) {
    const double compute = 6e18 * std::pow(3e21 / 6e18, budget / (kBudgets - 1.0));
    for (int size = 0; size < kSizes; ++size) {
      const double parameters = std::sqrt(compute / 120) * std::pow(8, 2 * size / (kSizes - 1.0) - 1);
      const double tokens = compute / 6 / parameters;
      const double noise = uniform() < 0.1 ? 0.02 : 0.005;
      add_point(data, parameters, tokens,
                value_at(law, {parameters, tokens}) * std::exp(noise * normal_quantile(uniform())));
    }
  }
  return data;
}

void write_points(const FitData& data, const std::string& file) {
  auto out = fmt::output_file(file);
  out.print("parameters,tokens,loss\n");
  for (std::size_t i = 0; i < data.points(); ++i) {
    out.print("{},{},{}\n", shortest(std::exp(data.log_x[i][0])), shortest(std::exp(data.log_x[i][1])),
              shortest(std::exp(data.log_y[i])));
  }
}

std::string value_of(const std::string& option, int count, char** arguments, const std::string& otherwise) {
  for (int i = 1; i + 1 < count; ++i) {
    if (arguments[i] == option) return arguments[i + 1];
  }
  return otherwise;
}

}  // namespace

int main(int count, char** arguments) {
  const auto option = [&](const std::string& name, const std::string& otherwise) {
    return value_of("--" + name, count, arguments, otherwise);
  };
  const std::string file = option("data", ""), copy = option("write", "");
  const ResidualLoss loss{std::atof(option("huber-delta", "0.001").c_str())};
  const std::int64_t refits = std::atoll(option("refits", "4000").c_str());
  const int repeats = std::atoi(option("repeats", "15").c_str());
  const FitData data = file.empty() ? planted_points() : read_points(file);
  if (!copy.empty()) write_points(data, copy);

  LawFit fit;
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    const Clock::time_point start = Clock::now();
    fit = fitted(ChinchillaLaw{}, data, loss, "benchmark");
    seconds.push_back(seconds_since(start));
  }
  std::sort(seconds.begin(), seconds.end());
  fmt::print("points {}\nobjective {:.16g}\n", data.points(), fit.objective);
  fmt::print("fit from scratch {:.3f} ms (median of {}, shortest {:.3f}; {} of {} starts reach the minimum)\n",
             1e3 * seconds[seconds.size() / 2], repeats, 1e3 * seconds.front(), fit.hits, fit.starts);

  BootstrapOptions options;
  options.resamples = refits;
  options.seed = std::strtoull(option("seed", "1").c_str(), nullptr, 10);
  std::vector<Bootstrap> bootstraps;
  for (options.threads = 1; options.threads <= 2; ++options.threads) {
    const Clock::time_point start = Clock::now();
    bootstraps.push_back(bootstrapped(fit, data, options));
    fmt::print("{} refits and the jackknife of {}: {:.3f} s on {} thread{}\n", refits, fit.clusters,
               seconds_since(start), options.threads, options.threads == 1 ? "" : "s");
  }
  const bool same = bootstraps[0].resamples == bootstraps[1].resamples &&
                    bootstraps[0].without_cluster == bootstraps[1].without_cluster;
  fmt::print("same bytes with 1 and 2 threads: {}\n", same ? "yes" : "no");
  const LawShape form = shape(fit.law);
  const std::vector<std::string> names = parameter_names(fit.law);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto at = bootstrap_interval(bootstraps[0], fit, [&](const Coordinates& coordinates) {
      return natural_parameters(form, coordinates, fit.centre)[i];
    });
    fmt::print("{} {:.6g} [{:.6g}, {:.6g}], standard error {:.6g}\n", names[i], parameters(fit.law)[i], at.bca.lo,
               at.bca.hi, at.standard_error);
  }
  return same ? 0 : 1;
}
