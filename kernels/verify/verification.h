// Many cases of one backend, verified; and what there is to say of them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/verify/verify.h"
#include "sim/base/progress.h"

namespace mobasim::kernels::verify {

// What is to be verified: every instruction set, each with every case, each in every format.
struct Wanted {
  std::string backend = "cpu";
  std::vector<const cpu::MicroKernels*> instruction_sets = {nullptr};  // of cpu; nullptr: the best
  std::vector<Case> cases;
  std::vector<std::optional<Dtype>> dtypes = {std::nullopt};  // nullopt: what the backend computes in
  int seeds = 1;                                              // of inputs and of the executor's order
};
// A row for each instruction set, case, dtype and pass: the worst of all seeds. `found` is told each as soon as it is
// there. Throws ConfigError, CudaError and Stopped.
[[nodiscard]] std::vector<Row> verified(const Wanted& wanted, const Progress& progress = {},
                                        const std::function<void(const Row&)>& found = {});

[[nodiscard]] std::int64_t failures(const std::vector<Row>& rows);
// "CASE, BACKEND, DTYPE, PASS: note"; empty where there is nothing to say.
[[nodiscard]] std::string note_on(const Row& row);
// How many failed and were skipped, and the greatest fraction of a bound that anything came to.
[[nodiscard]] std::string summary(const std::vector<Row>& rows, const Wanted& wanted);

}  // namespace mobasim::kernels::verify
