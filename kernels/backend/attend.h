// One attention problem on NumPy files: what `mobasim attend` reads, computes and writes.
#pragma once

#include <filesystem>

#include "kernels/backend/backend.h"

namespace mobasim::kernels {

struct AttendFiles {
  std::filesystem::path q;           // [tokens, heads, head_dim]
  std::filesystem::path k, v;        // [tokens, kv_heads, head_dim]
  std::filesystem::path d_o;         // like q; empty: no gradients
  std::filesystem::path cu_seqlens;  // whitespace-separated integers from 0 to tokens; empty: one sequence
};

struct AttendProblem {
  Problem problem;
  Tensors tensors;  // as they stand in the files
};

// `problem` has the mechanism, block and top_k; the rest is read. Throws ConfigError, naming the file, for a file that
// is no float32 array, shapes that do not agree, and a problem that is not sound.
[[nodiscard]] AttendProblem attend_problem(const AttendFiles& files, Problem problem);

// o.npy like q, lse.npy [tokens, heads] and, with gradients, dq.npy dk.npy dv.npy, all float32; all of them or none.
// Creates the folder. Throws std::system_error.
void write_attended(const std::filesystem::path& folder, const Problem& problem, const Computed& computed,
                    bool with_gradients);

}  // namespace mobasim::kernels
