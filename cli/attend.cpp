// mobasim attend: one attention problem on NumPy files.
#include "kernels/backend/attend.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/command.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Compute attention on NumPy files, to check another implementation against.

Reads q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim] and, for gradients, the gradient by o: float32, C
order. Inputs and MoBA's mean keys are rounded to --dtype on every backend. Writes float32: o.npy, lse.npy [tokens, heads]
(natural logarithm) and, with a gradient, dq.npy dk.npy dv.npy; all of them or none. What is computed is in
docs/method/kernels.md.

Examples:
  mobasim attend --mechanism full --q q.npy --k k.npy --v v.npy -o out
  mobasim attend --mechanism moba --block 128 --top-k 4 --q q.npy --k k.npy --v v.npy --grad-output do.npy \
    --backend reference -o out)";

struct Options {
  std::string mechanism, backend = "cpu", dtype = "bf16";
  kernels::AttendFiles files;
  std::optional<std::int64_t> block, top_k;
  std::filesystem::path folder;
};

kernels::Problem problem_of(const Options& options) {
  kernels::Problem problem;
  if (options.mechanism == "full") {
    if (options.block || options.top_k) {
      throw ConfigError("--block and --top-k belong to --mechanism moba; full attention has neither");
    }
    return problem;
  }
  if (options.mechanism != "moba") {
    throw ConfigError(fmt::format("--mechanism '{}' is not known{}; there are full and moba", options.mechanism,
                                  suggestion(options.mechanism, {"full", "moba"})));
  }
  if (!options.block || !options.top_k) {
    throw ConfigError("--mechanism moba needs --block and --top-k");
  }
  problem.mechanism = kernels::Mechanism::moba;
  problem.block = *options.block;
  problem.top_k = *options.top_k;
  return problem;
}

int attend(const Options& options) {
  const kernels::Backend backend = kernels::backend_named(options.backend, {kernels::dtype_named(options.dtype)});
  kernels::AttendProblem read = kernels::attend_problem(options.files, problem_of(options));
  const kernels::Tensors tensors = kernels::rounded(std::move(read.tensors), backend.dtype);
  const kernels::Computed computed = backend.compute(read.problem, tensors, {});
  kernels::write_attended(options.folder, read.problem, computed, !options.files.d_o.empty());
  return 0;
}

}  // namespace

void add_attend(Command program) {
  Command command = program.command("attend", kDescription);
  const auto options = std::make_shared<Options>();
  command.option("--mechanism", options->mechanism, "full or moba").required();
  command.option("--q", options->files.q, "queries, a .npy file").required();
  command.option("--k", options->files.k, "keys").required();
  command.option("--v", options->files.v, "values").required();
  command.option("--block", options->block, "moba: keys in a block");
  command.option("--top-k", options->top_k, "moba: blocks attended, the own block included");
  command.option("--cu-seqlens", options->files.cu_seqlens,
                 "text file of integers from 0 to tokens, where sequences begin and end; without it one sequence");
  command.option("--grad-output", options->files.d_o, "gradient of the loss by o; asks for gradients");
  command.option("--backend", options->backend, "what computes: " + joined(kernels::backend_names())).default_in_help();
  command.option("--dtype", options->dtype, "bf16, fp16 or f32").default_in_help();
  command.option("-o,--output", options->folder, "folder for the results").required();
  command.action([options] { return attend(*options); });
}

}  // namespace mobasim::cli
