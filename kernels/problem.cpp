#include "kernels/problem.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels {
namespace {

void check_size(const char* tensor, std::size_t got, std::int64_t wanted) {
  if (got != static_cast<std::size_t>(wanted)) {
    throw ConfigError(fmt::format("{} has {} elements; the problem needs {}", tensor, got, wanted));
  }
}

}  // namespace

std::string name(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::full:
      return "full";
    case Mechanism::moba:
      return "moba";
    case Mechanism::sliding_window:
      return "sliding_window";
  }
  return "";
}

std::vector<std::string> violations(const Problem& problem) {
  std::vector<std::string> found;
  const auto at_least_one = [&found](const char* word, std::int64_t value) {
    if (value < 1) found.push_back(fmt::format("{} is {}; it must be at least 1", word, value));
  };
  at_least_one("heads", problem.heads);
  at_least_one("kv_heads", problem.kv_heads);
  at_least_one("head_dim", problem.head_dim);
  if (problem.heads >= 1 && problem.kv_heads >= 1 && problem.heads % problem.kv_heads != 0) {
    found.push_back(fmt::format("heads ({}) is no multiple of kv_heads ({})", problem.heads, problem.kv_heads));
  }
  if (problem.mechanism == Mechanism::moba) {
    at_least_one("block", problem.block);
    at_least_one("top_k", problem.top_k);
  }
  if (problem.mechanism == Mechanism::sliding_window) at_least_one("window", problem.window);
  if (problem.cu_seqlens.empty() || problem.cu_seqlens.front() != 0) {
    found.push_back("cu_seqlens must begin with 0");
  }
  for (std::size_t i = 1; i < problem.cu_seqlens.size(); ++i) {
    if (problem.cu_seqlens[i] < problem.cu_seqlens[i - 1]) {
      found.push_back(fmt::format("cu_seqlens[{}] is {}, less than the one before it ({})", i, problem.cu_seqlens[i],
                                  problem.cu_seqlens[i - 1]));
    }
  }
  return found;
}

void check_inputs(const Problem& problem, std::size_t q, std::size_t k, std::size_t v) {
  const std::vector<std::string> wrong = violations(problem);
  if (!wrong.empty()) throw ConfigError(joined(wrong, "; "));
  check_size("q", q, query_size(problem));
  check_size("k", k, key_size(problem));
  check_size("v", v, key_size(problem));
}

void check_backward(const Problem& problem, std::size_t d_o, std::size_t o, std::size_t lse, std::size_t picks) {
  check_size("d_o", d_o, query_size(problem));
  check_size("o", o, query_size(problem));
  check_size("lse", lse, tokens(problem) * problem.heads);
  check_size("picks", picks, tokens(problem) * problem.heads * slots_of(problem));
}

double scale_of(const Problem& problem) { return 1.0 / std::sqrt(static_cast<double>(problem.head_dim)); }

bool routes(const Problem& problem, std::int64_t length) {
  return problem.mechanism == Mechanism::moba && problem.top_k > 1 && problem.top_k < blocks_of(problem, length);
}

std::int64_t slots_of(const Problem& problem) { return problem.mechanism == Mechanism::moba ? problem.top_k - 1 : 0; }

}  // namespace mobasim::kernels
