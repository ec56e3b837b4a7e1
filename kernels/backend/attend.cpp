#include "kernels/backend/attend.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "kernels/backend/npy.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw ConfigError(Location{file.string(), 0, 0}, what);
}

Array tensor_of(const std::filesystem::path& file, const char* heads) {
  Array array = array_of_file(file);
  if (array.shape.size() != 3) {
    refuse(file, fmt::format("its shape {} has {} dimensions; [tokens, {}, head_dim] is wanted",
                             shape_text(array.shape), array.shape.size(), heads));
  }
  return array;
}

// `wanted` says where the shape comes from.
void check_shape(const std::filesystem::path& file, const Array& array, const std::vector<std::int64_t>& shape,
                 const std::string& wanted) {
  if (array.shape != shape) {
    refuse(file, fmt::format("its shape is {}; {} needs {}", shape_text(array.shape), wanted, shape_text(shape)));
  }
}

std::vector<std::int64_t> cu_seqlens_of_file(const std::filesystem::path& file, std::int64_t tokens) {
  std::vector<std::int64_t> values;
  std::istringstream stream(text_of_file(file));
  for (std::string word; stream >> word;) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      refuse(file, fmt::format("'{}' is no integer", word));
    }
    if (values.empty() && value != 0) refuse(file, fmt::format("it begins with {}; it must begin with 0", value));
    if (!values.empty() && value < values.back()) {
      refuse(file, fmt::format("{} follows {}; they must not descend", value, values.back()));
    }
    values.push_back(value);
  }
  if (values.empty()) refuse(file, "it is empty; integers from 0 to the number of tokens are wanted");
  if (values.back() != tokens) {
    refuse(file, fmt::format("it ends with {}; it must end with the number of tokens, {}", values.back(), tokens));
  }
  return values;
}

Array array_of(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  return {std::move(shape), std::vector<float>(values.begin(), values.end())};
}

}  // namespace

AttendProblem attend_problem(const AttendFiles& files, Problem problem) {
  Array q = tensor_of(files.q, "heads"), k = tensor_of(files.k, "kv_heads"), v = tensor_of(files.v, "kv_heads");
  check_shape(files.k, k, {q.shape[0], k.shape[1], q.shape[2]}, "q of shape " + shape_text(q.shape));
  check_shape(files.v, v, k.shape, "k of shape " + shape_text(k.shape));
  problem.heads = q.shape[1];
  problem.kv_heads = k.shape[1];
  problem.head_dim = q.shape[2];
  problem.cu_seqlens = {0, q.shape[0]};
  if (!files.cu_seqlens.empty()) problem.cu_seqlens = cu_seqlens_of_file(files.cu_seqlens, q.shape[0]);
  if (const std::vector<std::string> wrong = violations(problem); !wrong.empty()) {
    throw ConfigError(joined(wrong, "; "));
  }
  if (const std::int64_t most = tokens(problem);
      problem.mechanism == Mechanism::moba && most > 0 && problem.top_k > most) {
    throw ConfigError(fmt::format(
        "top_k is {0}; {1} tokens have at most {1} blocks, and attending to all of them is full attention: give at "
        "most {1}",
        problem.top_k, most));
  }
  AttendProblem out{std::move(problem), {std::move(q.values), std::move(k.values), std::move(v.values), {}}};
  if (!files.d_o.empty()) {
    Array d_o = tensor_of(files.d_o, "heads");
    check_shape(files.d_o, d_o, q.shape, "q of shape " + shape_text(q.shape));
    out.tensors.d_o = std::move(d_o.values);
  }
  return out;
}

void write_attended(const std::filesystem::path& folder, const Problem& problem, const Computed& computed,
                    bool with_gradients) {
  const std::vector<std::int64_t> queries = {tokens(problem), problem.heads, problem.head_dim};
  const std::vector<std::int64_t> keys = {tokens(problem), problem.kv_heads, problem.head_dim};
  std::vector<FileContent> files;
  const auto add = [&](const char* name, const std::vector<std::int64_t>& shape, const std::vector<double>& values) {
    files.push_back({folder / name, npy_content(array_of(shape, values))});
  };
  add("o.npy", queries, computed.forward.o);
  add("lse.npy", {tokens(problem), problem.heads}, computed.forward.lse);
  if (with_gradients) {
    add("dq.npy", queries, computed.gradients.dq);
    add("dk.npy", keys, computed.gradients.dk);
    add("dv.npy", keys, computed.gradients.dv);
  }
  make_directories(folder);
  write_files(files);
}

}  // namespace mobasim::kernels
