#include "sim/device/product_line.h"

#include "sim/device/dtype.h"

namespace mobasim {

std::optional<ProductLine> product_line(const DeviceProfile& device, std::string_view dtype) {
  // Minimise sum (a u + b v - 1)^2 with u = 1 / t, v = f / t.
  double uu = 0, uv = 0, vv = 0, u1 = 0, v1 = 0;
  int rows = 0;
  for (const ProfileRow& row : device.profile) {
    if (row.operation != "gemm" || !stands_for(row.dtype, dtype)) continue;
    const double u = 1 / row.time.value(), v = row.flops.value() / row.time.value();
    uu += u * u, uv += u * v, vv += v * v, u1 += u, v1 += v;
    ++rows;
  }
  if (rows < 3) return std::nullopt;
  ProductLine line;
  const double determinant = uu * vv - uv * uv;
  if (determinant > 1e-12 * uu * vv) {
    line.overhead = (u1 * vv - v1 * uv) / determinant;
    line.per_flop = (v1 * uu - u1 * uv) / determinant;
  }
  if (!(line.overhead > 0) || !(line.per_flop > 0)) line.overhead = 0, line.per_flop = v1 / vv;
  return line;
}

}  // namespace mobasim
