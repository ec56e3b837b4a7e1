// THE table of kernel problems. verify runs every row, bench times the rows marked for it, and the tests count the work
// of all of them. A new kernel or shape is a new row.
#pragma once

#include <string>
#include <vector>

#include "kernels/fill.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

enum class Purpose {
  verify,    // small enough for the float64 reference
  time,      // timed by bench on a CPU
  time_gpu,  // timed by bench on a GPU
};

struct Case {
  std::string name;
  Problem problem;
  Fill fill = Fill::normal;
  Purpose purpose = Purpose::verify;
  bool exact_ties = false;   // gate scores that tie do so exactly in every format: the lower block must win
  bool conditioned = true;   // the relative rms of gradients is meaningful (they do not cancel to nearly nothing)
  bool beyond_fp16 = false;  // what gradients are summed from exceeds the largest number of fp16
  KernelOptions options = {};
};

[[nodiscard]] const std::vector<Case>& cases();
[[nodiscard]] std::vector<Case> cases_for(Purpose purpose);
// The few of Purpose::verify that together touch every kernel and each kind of edge: for a slow machine.
[[nodiscard]] std::vector<Case> quick_cases();
// Throws ConfigError, naming the nearest case.
[[nodiscard]] const Case& case_named(const std::vector<Case>& table, const std::string& name);

}  // namespace mobasim::kernels
