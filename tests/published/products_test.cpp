// Published times of matrix products beside the fast model of them. MOBASIM_REFERENCE_DATA names the folder that holds
// kernels/gemm.csv; without it the test is skipped.
#include <algorithm>
#include <cmath>

#include "sim/base/csv.h"
#include "sim/device/gemm_model.h"
#include "tests/catch.h"

namespace mobasim::tests::products_test {
namespace {

struct Series {
  const char* device;
  const char* gpu;     // as the table begins
  const char* source;  // likewise
  const char* dtype;
  double least_flops;  // smaller products are mostly the host's time to issue them
  std::size_t rows;
  // Of |log(model / published)|; with `shape_only` after the median of log(model / published) is taken off, where the
  // device's sustained rate is not the one of products in isolation.
  bool shape_only;
  double median, ninth_decile;
};

const Series kSeries[] = {
    {"a100-pcie", "A100-PCIe", "MooreThreads/SimuMax", "bf16", 0, 183, false, 0.04, 0.10},
    {"a100-sxm", "A100-SXM", "PrincetonUniversity/LLMCompass", "fp16", 1e10, 16, true, 0.04, 0.08},
    {"h800", "H800-SXM", "tile-ai/tilelang", "fp16", 0, 7, true, 0.02, 0.03},
    {"h800", "H800-SXM", "deepseek-ai/DeepGEMM", "fp8", 0, 36, true, 0.10, 0.20},
    {"b200-sxm", "B200-SXM", "MooreThreads/SimuMax", "bf16", 0, 514, false, 0.08, 0.32},
};

std::vector<double> log_errors(const Series& series, const CsvTable& table) {
  const Device device =
      device_from(tests::source_folder() / "configs/devices" / (std::string(series.device) + ".yaml"));
  const GemmModel model = gemm_model(device, series.dtype);
  std::vector<double> errors;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto text = [&](std::string_view column) { return table.text(row, table.column(column)); };
    const auto number = [&](std::string_view column) { return table.number(row, table.column(column)); };
    if (text("gpu") != series.gpu || text("dtype") != series.dtype || !text("source").starts_with(series.source))
      continue;
    if (text("library").find("grouped") != std::string_view::npos || text("ms").empty() || text("k").empty()) continue;
    const double m = number("m"), n = number("n"), k = number("k");
    if (2 * m * n * k < series.least_flops) continue;
    errors.push_back(std::log(gemm_seconds(model, m, n, k) / (1e-3 * number("ms"))));
  }
  return errors;
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

}  // namespace

TEST_CASE("The model of products meets published times") {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  const CsvTable table = CsvTable::read(std::filesystem::path(folder) / "kernels" / "gemm.csv");
  for (const Series& series : kSeries) {
    std::vector<double> errors = log_errors(series, table);
    INFO(series.device << " " << series.source);
    REQUIRE(errors.size() == series.rows);
    const double common = series.shape_only ? quantile(errors, 0.5) : 0;
    for (double& error : errors) error = std::abs(error - common);
    const double median = quantile(errors, 0.5), ninth_decile = quantile(errors, 0.9);
    INFO("median " << median << ", 90th percentile " << ninth_decile);
    CHECK(median < series.median);
    CHECK(ninth_decile < series.ninth_decile);
  }
}

}  // namespace mobasim::tests::products_test
