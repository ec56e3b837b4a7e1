// The time of gemms in plain doubles, for the evaluation of many layouts (A28).
//
// A gemm [m, k] x [k, n] is cut into tiles of the result; the multiprocessors take one tile each, wave after wave:
//
//   wave    = (k + ramp) 2 rows columns slowdown / (peak of a multiprocessor x efficiency)
//   waves   = (1 - spread) ceil(tiles / multiprocessors) + spread tiles / multiprocessors
//   seconds = start + max(waves x wave of the fastest tile, bytes / (bandwidth x memory_efficiency))
//
// `ramp` is the filling and draining of a tile's pipeline, in values of k; a small tile reads more per FLOP, hence
// slowdown = 1 + small_tile_cost (1/rows + 1/columns - 1/128 - 1/256), at least 1; `spread` is what libraries that
// split k over multiprocessors save of the last, half-empty wave (Stream-K, Osama et al. 2023, arXiv 2301.03598).
// Quantisation of tiles and waves: NVIDIA, Matrix Multiplication Background User's Guide. Where the device has measured
// rows of its own, what they say takes the tiles' place (sim/device/gemm_fit.h).
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "sim/device/device.h"
#include "sim/device/gemm_fit.h"

namespace mobasim {

struct GemmTile {
  double per_row = 0, per_column = 0;  // 1 / rows and 1 / columns: powers of two, so that products with them are exact
  double seconds_per_k = 0;            // of one tile on one multiprocessor
};

struct GemmModel {
  std::array<GemmTile, 7> tiles;
  double per_multiprocessor = 1;  // 1 / multiprocessors
  double ramp = 0;
  double spread = 1;
  double start = 0;  // seconds
  double seconds_per_byte = 0;
  double operand_bytes = 2;  // of a value of the two factors
  double result_bytes = 2;   // of a value of the result
  std::optional<GemmFit> measured;
  double seconds_per_flop = 0;  // at the peak: a fit is never faster
  // What these times rest on: the device's own rows, published measurements of its kind, or an assumed efficiency.
  Basis basis = Basis::assumed;
};

// The coefficients are the device's `products`; without them the gemm runs at the device's `gemm` efficiency of
// peak and bandwidth. Throws Unsupported when the device has no peak for the format.
[[nodiscard]] GemmModel gemm_model(const Device& device, std::string_view dtype);

// Sizes may be fractional (tokens split over devices) and are rounded up; 0 where one of them is 0.
[[nodiscard]] double gemm_seconds(const GemmModel& model, double m, double n, double k);

}  // namespace mobasim
