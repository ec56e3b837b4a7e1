#include <array>
#include <dnnl.hpp>
#include <memory>
#include <vector>

#include "tests/benchmark/attention/yardstick.h"

namespace mobasim::benchmark {

namespace {

template <class T>
constexpr dnnl::memory::data_type kType =
    std::is_same_v<T, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;

struct Matrix {
  std::int64_t rows, columns, row_step, column_step;
};

dnnl::memory::desc described(const Matrix& matrix, dnnl::memory::data_type type) {
  return {{matrix.rows, matrix.columns}, type, {matrix.row_step, matrix.column_step}};
}

dnnl::matmul matmul_of(const dnnl::engine& engine, const dnnl::memory::desc& a, const dnnl::memory::desc& b,
                       const dnnl::memory::desc& c, bool add, dnnl::memory::desc& scratch) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // the library's own belongs to one thread
  if (add) {
    dnnl::post_ops sum;
    sum.append_sum(1.0f);
    attributes.set_post_ops(sum);
  }
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc description(engine, a, b, c, attributes);
#else
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), attributes, engine);
#endif
  scratch = description.scratchpad_desc();
  return dnnl::matmul(description);
}

// One product of one thread: c = a b, or c += a b. Memory is given anew each time; nothing is allocated then.
template <class T>
class Product {
 public:
  Product(const dnnl::engine& engine, const Matrix& a, const Matrix& b, const Matrix& c, bool add)
      : stream_(engine),
        a_(described(a, kType<T>), engine, nullptr),
        b_(described(b, kType<T>), engine, nullptr),
        c_(described(c, dnnl::memory::data_type::f32), engine, nullptr) {
    dnnl::memory::desc scratch;
    matmul_ = matmul_of(engine, a_.get_desc(), b_.get_desc(), c_.get_desc(), add, scratch);
    scratch_ = dnnl::memory(scratch, engine);
    arguments_ = {{{DNNL_ARG_SRC, a_.get()},
                   {DNNL_ARG_WEIGHTS, b_.get()},
                   {DNNL_ARG_DST, c_.get()},
                   {DNNL_ARG_SCRATCHPAD, scratch_.get()}}};
  }
  void operator()(const T* a, const T* b, float* c) {
    a_.set_data_handle(const_cast<T*>(a));
    b_.set_data_handle(const_cast<T*>(b));
    c_.set_data_handle(c);
    dnnl::error::wrap_c_api(
        dnnl_primitive_execute(matmul_.get(), stream_.get(), static_cast<int>(arguments_.size()), arguments_.data()),
        "matmul");
  }

 private:
  dnnl::stream stream_;
  dnnl::memory a_, b_, c_, scratch_;
  dnnl::matmul matmul_;
  std::array<dnnl_exec_arg_t, 4> arguments_{};
};

// Of one thread, for one size of tile.
template <class T>
struct Products {
  Product<T> scores, gather, scatter;
  Products(const dnnl::engine& engine, const Problem& problem, TileSize size)
      : scores(engine, {size.queries, problem.head_dim, problem.heads * problem.head_dim, 1},
               {problem.head_dim, size.keys, 1, problem.kv_heads * problem.head_dim},
               {size.queries, size.keys, size.keys, 1}, false),
        gather(engine, {size.queries, size.keys, size.keys, 1},
               {size.keys, problem.head_dim, problem.kv_heads * problem.head_dim, 1},
               {size.queries, problem.head_dim, problem.head_dim, 1}, true),
        scatter(engine, {size.keys, size.queries, 1, size.keys},
                {size.queries, problem.head_dim, problem.heads * problem.head_dim, 1},
                {size.keys, problem.head_dim, problem.head_dim, 1}, true) {}
};

}  // namespace

template <class T>
std::optional<TileProducts<T>> onednn_products(const Problem& problem, TileSize size, int threads) {
  struct Prepared {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    TileSize wide;
    std::vector<Products<T>> of_wide, of_narrow;  // of each thread
    Products<T>& of(int thread, TileSize tile) {
      return (tile.keys == wide.keys ? of_wide : of_narrow)[static_cast<std::size_t>(thread)];
    }
  };
  const auto prepared = std::make_shared<Prepared>();
  prepared->wide = size;
  try {
    for (int i = 0; i < threads; ++i) {
      prepared->of_wide.emplace_back(prepared->engine, problem, size);
      prepared->of_narrow.emplace_back(prepared->engine, problem, TileSize{size.queries, size.queries});
    }
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented) return std::nullopt;
    throw;
  }
  TileProducts<T> products;
  products.scores = [prepared](int thread, TileSize tile, const T* q, const T* k, float* scores) {
    prepared->of(thread, tile).scores(q, k, scores);
  };
  products.gather = [prepared](int thread, TileSize tile, const T* p, const T* v, float* sum) {
    prepared->of(thread, tile).gather(p, v, sum);
  };
  products.scatter = [prepared](int thread, TileSize tile, const T* p, const T* q, float* sum) {
    prepared->of(thread, tile).scatter(p, q, sum);
  };
  return products;
}

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch);
}

template std::optional<TileProducts<float>> onednn_products(const Problem&, TileSize, int);
template std::optional<TileProducts<Bf16>> onednn_products(const Problem&, TileSize, int);

}  // namespace mobasim::benchmark
