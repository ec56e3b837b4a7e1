#include "sim/device/product_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

using Rows = std::vector<const ProfileRow*>;

Rows product_rows(const DeviceProfile& device, std::string_view dtype) {
  Rows rows;
  for (const ProfileRow& row : device.profile) {
    if (row.operation == "gemm" && stands_for(row.dtype, dtype)) rows.push_back(&row);
  }
  return rows;
}

std::optional<TimeEstimate> of_this_shape(const MatrixProduct& product, const Rows& rows) {
  TimeEstimate estimate{Seconds(1), Seconds(HUGE_VAL), Seconds(0), Basis::measured, "this shape"};
  double log_time = 0;
  int count = 0;
  for (const ProfileRow* row : rows) {
    if (row->m != product.m || row->n != product.n || row->k != product.k) continue;
    log_time += std::log(row->time.value());
    estimate.lo = std::min(estimate.lo, row->time_lo);
    estimate.hi = std::max(estimate.hi, row->time_hi);
    estimate.basis = worst(estimate.basis, row->basis);
    ++count;
  }
  if (count == 0) return std::nullopt;
  estimate.time = Seconds(std::exp(log_time / count));
  return estimate;
}

bool inside(const MatrixProduct& product, const Rows& rows) {
  const auto within = [&](std::int64_t ProfileRow::*dimension, std::int64_t value) {
    const auto [low, high] = std::minmax_element(
        rows.begin(), rows.end(), [&](const auto* a, const auto* b) { return a->*dimension < b->*dimension; });
    return (*low)->*dimension <= value && value <= (*high)->*dimension;
  };
  return within(&ProfileRow::m, product.m) && within(&ProfileRow::n, product.n) && within(&ProfileRow::k, product.k);
}

std::optional<ProductLine> line_through(const Rows& rows) {
  if (rows.size() < 3) return std::nullopt;
  // Minimise sum (a u + b v - 1)^2 with u = 1 / t, v = f / t.
  double uu = 0, uv = 0, vv = 0, u1 = 0, v1 = 0;
  for (const ProfileRow* row : rows) {
    const double u = 1 / row->time.value(), v = row->flops.value() / row->time.value();
    uu += u * u, uv += u * v, vv += v * v, u1 += u, v1 += v;
  }
  ProductLine line;
  const double determinant = uu * vv - uv * uv;
  if (determinant > 1e-12 * uu * vv) {
    line.overhead = (u1 * vv - v1 * uv) / determinant;
    line.per_flop = (v1 * uu - u1 * uv) / determinant;
  }
  if (!(line.overhead > 0) || !(line.per_flop > 0)) line.overhead = 0, line.per_flop = v1 / vv;
  for (const ProfileRow* row : rows) {
    const double relative = (line.overhead + line.per_flop * row->flops.value()) / row->time.value() - 1;
    line.error += relative * relative / static_cast<double>(rows.size());
  }
  line.error = std::sqrt(line.error);
  return line;
}

std::optional<TimeEstimate> on_line(const MatrixProduct& one, const Rows& rows) {
  if (rows.empty() || !inside(one, rows)) return std::nullopt;
  const auto line = line_through(rows);
  if (!line) return std::nullopt;
  Basis basis = Basis::interpolated;
  for (const ProfileRow* row : rows) basis = worst(basis, row->basis);
  const double time = line->overhead + line->per_flop * flops(one).value();
  const double spread = 1 + 2 * line->error;
  return TimeEstimate{Seconds(time), Seconds(time / spread), Seconds(time * spread), basis,
                      fmt::format("overhead + FLOPs / rate through {} measured shapes, rms error {:.0f}%", rows.size(),
                                  100 * line->error)};
}

}  // namespace

Flops flops(const MatrixProduct& product) {
  return Flops(2.0 * static_cast<double>(product.m) * static_cast<double>(product.n) * static_cast<double>(product.k) *
               static_cast<double>(product.count));
}

Bytes bytes(const MatrixProduct& product) {
  const auto m = static_cast<double>(product.m), n = static_cast<double>(product.n), k = static_cast<double>(product.k);
  return Bytes((m * k + k * n + m * n) * static_cast<double>(bytes_of(product.dtype) * product.count));
}

std::optional<ProductLine> product_line(const DeviceProfile& device, std::string_view dtype) {
  return line_through(product_rows(device, dtype));
}

TimeEstimate product_time(const MatrixProduct& product, const DeviceProfile& device) {
  MatrixProduct one = product;
  one.count = 1;
  const auto count = static_cast<double>(product.count);
  const Seconds least = roofline(product, device);
  const Rows rows = product_rows(device, product.dtype);
  std::optional<TimeEstimate> measured = of_this_shape(one, rows);
  if (!measured) measured = on_line(one, rows);
  if (!measured) {
    const Efficiency& efficiency = device.gemm;
    return {least / efficiency.value, least / efficiency.hi, least / efficiency.lo, efficiency.basis,
            fmt::format("{:.0f}% of the roofline", 100 * efficiency.value)};
  }
  measured->time = std::max(measured->time * count, least);
  measured->lo = std::clamp(measured->lo * count, least, measured->time);
  measured->hi = std::max(measured->hi * count, measured->time);
  return *measured;
}

}  // namespace mobasim
