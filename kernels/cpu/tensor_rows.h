// The rows of a tensor [tokens, heads, head_dim] in f32 or bf16, as the kernels take them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernels/bf16.h"
#include "kernels/dtype.h"

namespace mobasim::kernels::cpu {

struct TensorRows {
  const void* data = nullptr;
  Dtype dtype = Dtype::f32;
  std::int64_t heads = 1, head_dim = 0;

  TensorRows() = default;
  TensorRows(std::span<const float> values, std::int64_t heads_, std::int64_t head_dim_)
      : data(values.data()), dtype(Dtype::f32), heads(heads_), head_dim(head_dim_) {}
  TensorRows(std::span<const Bf16> values, std::int64_t heads_, std::int64_t head_dim_)
      : data(values.data()), dtype(Dtype::bf16), heads(heads_), head_dim(head_dim_) {}

  [[nodiscard]] const void* row(std::int64_t token, std::int64_t head) const {
    const std::int64_t at = (token * heads + head) * head_dim;
    return dtype == Dtype::bf16 ? static_cast<const void*>(static_cast<const Bf16*>(data) + at)
                                : static_cast<const void*>(static_cast<const float*>(data) + at);
  }
};

// The row as units of `values` values each, columns / values of them, 0 beyond head_dim. Precondition: values is 1, or
// the row is in bf16.
inline void copy_row(const TensorRows& rows, std::int64_t token, std::int64_t head, int values, std::int64_t columns,
                     float* units) {
  const void* row = rows.row(token, head);
  if (values == 2) {
    Bf16* out = reinterpret_cast<Bf16*>(units);
    std::copy_n(static_cast<const Bf16*>(row), rows.head_dim, out);
    std::fill(out + rows.head_dim, out + columns, Bf16{});
  } else {
    if (rows.dtype == Dtype::bf16) {
      const Bf16* from = static_cast<const Bf16*>(row);
      for (std::int64_t c = 0; c < rows.head_dim; ++c) units[c] = widened(from[c]);
    } else {
      std::copy_n(static_cast<const float*>(row), rows.head_dim, units);
    }
    std::fill(units + rows.head_dim, units + columns, 0.0f);
  }
}

}  // namespace mobasim::kernels::cpu
