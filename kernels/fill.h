// Tensors to compute with: seeded, the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

enum class Fill {
  normal,            // independent standard normal values
  duplicate_blocks,  // every block holds the same keys: all gate scores of a query tie
  unpicked_block,    // no query's gate likes block 1 of a sequence
  large,             // q and k integers in -64..64, whose products are exact in f32; v in the ten thousands
  nan_key,           // one NaN in k, in the middle of the tokens
  nan_query,         // one NaN in q, there
};

struct Tensors {
  std::vector<float> q, k, v, d_o;
  [[nodiscard]] Inputs<float> view() const { return {q, k, v, d_o}; }
};

[[nodiscard]] Tensors filled(const Problem& problem, Fill fill, std::uint64_t seed);

// Every value rounded to the format.
[[nodiscard]] Tensors rounded(Tensors tensors, Dtype dtype);

// `values` become independent standard normals.
void fill_normal(std::vector<float>& values, std::uint64_t seed);

// The same values in float64, for the reference.
struct WideTensors {
  std::vector<double> q, k, v, d_o;
  explicit WideTensors(const Tensors& tensors);
  [[nodiscard]] Inputs<double> view() const { return {q, k, v, d_o}; }
};

}  // namespace mobasim::kernels
