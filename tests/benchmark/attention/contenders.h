// What is compared: the tensors that go in and come out, and the libraries that a yardstick can be made of.
#pragma once

#include <algorithm>
#include <functional>
#include <type_traits>
#include <vector>

#include "kernels/fill.h"
#include "tests/benchmark/attention/yardstick.h"

namespace mobasim::benchmark {

template <class T>
struct Operands {
  std::vector<T> q, k, v, d_o;
  explicit Operands(const Problem& problem) {
    kernels::Tensors tensors = kernels::filled(problem, kernels::Fill::normal, 1);
    if constexpr (std::is_same_v<T, float>) {
      q = std::move(tensors.q);
      k = std::move(tensors.k);
      v = std::move(tensors.v);
      d_o = std::move(tensors.d_o);
    } else {
      q = narrow(tensors.q);
      k = narrow(tensors.k);
      v = narrow(tensors.v);
      d_o = narrow(tensors.d_o);
    }
  }
  static std::vector<T> narrow(const std::vector<float>& values) {
    std::vector<T> out(values.size());
    std::transform(values.begin(), values.end(), out.begin(), kernels::narrowed);
    return out;
  }
  [[nodiscard]] Inputs<T> view() const { return {q, k, v, d_o}; }
};

template <class T>
struct Results {
  Forward<T> forward;
  Gradients<T> gradients;
};

// A library's products for a shape and a size of tiles.
template <class T>
struct Library {
  const char* name;
  std::function<std::optional<TileProducts<T>>(const Problem&, TileSize)> products;
};

template <class T>
std::vector<Library<T>> libraries(int threads, bool openblas, bool onednn) {
  std::vector<Library<T>> found;
  if constexpr (std::is_same_v<T, float>) {
    if (openblas) {
      found.push_back({"openblas", [](const Problem& problem, TileSize) { return openblas_products(problem); }});
    }
  }
  if (onednn) {
    found.push_back({"onednn", [threads](const Problem& problem, TileSize size) {
                       return onednn_products<T>(problem, size, threads);
                     }});
  }
  return found;
}

}  // namespace mobasim::benchmark
