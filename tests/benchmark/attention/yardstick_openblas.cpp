#include "tests/benchmark/attention/yardstick.h"

#ifdef MOBASIM_HAS_OPENBLAS
#include <cblas.h>
#endif

namespace mobasim::benchmark {

#ifdef MOBASIM_HAS_OPENBLAS
std::optional<TileProducts<float>> openblas_products(const Problem& problem) {
  openblas_set_num_threads(1);
  const blasint dim = static_cast<blasint>(problem.head_dim);
  const blasint query_row = static_cast<blasint>(problem.heads * problem.head_dim);
  const blasint key_row = static_cast<blasint>(problem.kv_heads * problem.head_dim);
  TileProducts<float> products;
  products.scores = [=](int, TileSize size, const float* q, const float* k, float* scores) {
    const blasint queries = static_cast<blasint>(size.queries), keys = static_cast<blasint>(size.keys);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, queries, keys, dim, 1, q, query_row, k, key_row, 0, scores,
                keys);
  };
  products.gather = [=](int, TileSize size, const float* p, const float* v, float* sum) {
    const blasint queries = static_cast<blasint>(size.queries), keys = static_cast<blasint>(size.keys);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, queries, dim, keys, 1, p, keys, v, key_row, 1, sum, dim);
  };
  products.scatter = [=](int, TileSize size, const float* p, const float* q, float* sum) {
    const blasint queries = static_cast<blasint>(size.queries), keys = static_cast<blasint>(size.keys);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, keys, dim, queries, 1, p, keys, q, query_row, 1, sum, dim);
  };
  return products;
}

std::string openblas_version() { return std::string(openblas_get_config()) + ", core " + openblas_get_corename(); }
#else
std::optional<TileProducts<float>> openblas_products(const Problem&) { return std::nullopt; }
std::string openblas_version() { return ""; }
#endif

}  // namespace mobasim::benchmark
