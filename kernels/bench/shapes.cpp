#include "kernels/bench/shapes.h"

namespace mobasim::kernels::bench {

// Cubes, slabs and thin ones between 128 and 8192, so that each size of a product of a layer or head of hidden 256 to
// 4096 over 2048 to 4096 tokens lies among them, and every one can be foretold from its neighbours (check-profile).
const std::vector<GemmCase>& gemm_cases() {
  static const std::vector<GemmCase> table = {
      {256, 256, 256},    {512, 512, 512},    {1024, 1024, 1024}, {2048, 2048, 2048}, {4096, 256, 256},
      {256, 4096, 256},   {256, 256, 4096},   {4096, 1024, 256},  {4096, 256, 1024},  {256, 1024, 4096},
      {1024, 256, 4096},  {1024, 4096, 256},  {256, 4096, 1024},  {2048, 1024, 1024}, {1024, 2048, 1024},
      {1024, 1024, 2048}, {2048, 512, 512},   {512, 2048, 512},   {512, 512, 2048},   {2048, 2048, 512},
      {2048, 4096, 1024}, {2048, 1024, 4096}, {1024, 4096, 2048}, {1024, 4096, 4096}, {2048, 2048, 128},
      {1024, 1024, 128},  {128, 4096, 4096},  {128, 1024, 1024},  {4096, 128, 2048},  {1024, 128, 1024},
      {4096, 8192, 256},  {1024, 8192, 512},  {4096, 256, 8192},  {512, 512, 8192},
  };
  return table;
}

// One of gemms for the most part, and one where attention has the greater part.
const std::vector<LayerShape>& layer_cases() {
  static const std::vector<LayerShape> table = {
      {2048, 512, 1408, 8, 8, 64, Mechanism::full, 0, 0},
      {2048, 512, 1408, 8, 8, 64, Mechanism::moba, 128, 8},
      {4096, 256, 704, 4, 2, 64, Mechanism::full, 0, 0},
      {4096, 256, 704, 4, 2, 64, Mechanism::moba, 128, 8},
  };
  return table;
}

}  // namespace mobasim::kernels::bench
