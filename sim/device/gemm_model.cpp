#include "sim/device/gemm_model.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

constexpr std::array<std::array<double, 2>, 7> kTiles{
    {{256, 256}, {256, 128}, {128, 256}, {128, 128}, {128, 64}, {64, 128}, {64, 64}}};

// std::ceil is a call where the instruction set does not promise the instruction; a jump here would often be mispredicted.
inline double rounded_up(double value) {
  const auto whole = static_cast<double>(static_cast<std::int64_t>(value));
  return whole + static_cast<double>(whole < value);
}

double slowdown(double rows, double columns, double small_tile_cost) {
  return 1 + small_tile_cost * std::max(0.0, 1 / rows + 1 / columns - 1.0 / 128 - 1.0 / 256);
}

}  // namespace

GemmModel gemm_model(const Device& device, std::string_view dtype) {
  const auto peak = device.peak.find(std::string(dtype));
  if (peak == device.peak.end()) {
    throw Unsupported("products in " + std::string(dtype) + " on " + device.name, "the device has no such peak");
  }
  GemmModel model;
  model.measured = gemm_fit(device, dtype);
  model.basis = model.measured                                ? Basis::interpolated
                : device.gemm_coefficients.efficiency.empty() ? device.gemm.basis
                                                              : Basis::published;
  model.seconds_per_flop = 1 / peak->second.value();
  const GemmCoefficients& coefficients = device.gemm_coefficients;
  model.per_multiprocessor = 1 / static_cast<double>(device.multiprocessors);
  model.operand_bytes = operand_bytes(dtype);
  model.result_bytes = std::max(2.0, model.operand_bytes);  // 8 and 4 bit gemms are summed in f32, written in bf16
  model.spread = coefficients.spread;
  model.start = coefficients.start.value();
  const double memory_efficiency = model.measured ? 1 : coefficients.memory_efficiency.value_or(device.gemm.value);
  model.seconds_per_byte = 1 / (device.memory_bandwidth.value() * memory_efficiency);
  // The ramp is a time: at a format of twice the peak it is worth twice the values of k.
  const auto half = device.peak.find("bf16");
  const double faster = half == device.peak.end() ? 1 : peak->second.value() / half->second.value();
  model.ramp = coefficients.ramp * std::max(1.0, faster);
  const auto own = coefficients.efficiency.find(std::string(dtype));
  const auto bf16 = coefficients.efficiency.find("bf16");
  const double efficiency = own != coefficients.efficiency.end()    ? own->second
                            : bf16 != coefficients.efficiency.end() ? bf16->second
                                                                    : device.gemm.value;
  const double rate = peak->second.value() * efficiency * model.per_multiprocessor;
  for (std::size_t i = 0; i < kTiles.size(); ++i) {
    const auto [rows, columns] = kTiles[i];
    model.tiles[i] = {1 / rows, 1 / columns,
                      2 * rows * columns * slowdown(rows, columns, coefficients.small_tile_cost) / rate};
  }
  return model;
}

double gemm_seconds(const GemmModel& model, double m, double n, double k) {
  m = rounded_up(m);
  n = rounded_up(n);
  k = rounded_up(k);
  if (m <= 0 || n <= 0 || k <= 0) return 0;
  const double bytes = (m + n) * k * model.operand_bytes + m * n * model.result_bytes;
  if (model.measured) {
    return std::max({gemm_seconds(*model.measured, m, n, k), 2 * m * n * k * model.seconds_per_flop,
                     bytes * model.seconds_per_byte});
  }
  double compute = 1e300;
  for (const GemmTile& tile : model.tiles) {
    const double waves = rounded_up(m * tile.per_row) * rounded_up(n * tile.per_column) * model.per_multiprocessor;
    // A reciprocal is rounded: 108 tiles on 108 multiprocessors may seem a little more than one wave.
    const double spread_waves = (1 - model.spread) * rounded_up(waves * (1 - 1e-12)) + model.spread * waves;
    compute = std::min(compute, spread_waves * tile.seconds_per_k);
  }
  return model.start + std::max(compute * (k + model.ramp), bytes * model.seconds_per_byte);
}

}  // namespace mobasim
