#include "kernels/verify/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mobasim::kernels::verify {
namespace {

std::vector<Row> worst_of_seeds(const Case& row, const Wanted& wanted, BackendOptions options,
                                const Progress& progress) {
  std::vector<Row> results;
  for (int seed = 1; seed <= wanted.seeds; ++seed) {
    progress.step(fmt::format("verify {}: {}, seed {}", wanted.backend, row.name, seed));
    options.seed = static_cast<std::uint64_t>(seed);
    const Backend backend = backend_named(wanted.backend, options);
    const std::vector<Row> found = rows_of(row, backend, options.seed);
    if (results.size() != found.size()) {  // the first seed, or one that gave no numbers
      results.insert(results.end(), found.begin(), found.end());
      continue;
    }
    for (std::size_t i = 0; i < found.size(); ++i) results[i] = worse(results[i], found[i]);
  }
  return results;
}

std::int64_t count_of(const std::vector<Row>& rows, Verdict verdict) {
  return std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.verdict == verdict; });
}

std::string worst_fraction(const std::vector<Row>& rows) {
  const Row* worst = nullptr;
  for (const Row& row : rows) {
    const bool ran = row.verdict != Verdict::skipped;
    if (ran && (worst == nullptr || row.fraction > worst->fraction)) worst = &row;
  }
  if (worst == nullptr) return "nothing ran";
  return fmt::format("the worst came to {:.3f} of its bound ({}, {}, {}, {})", worst->fraction, worst->case_name,
                     worst->backend, name(worst->dtype), worst->pass_name);
}

}  // namespace

std::vector<Row> verified(const Wanted& wanted, const Progress& progress,
                          const std::function<void(const Row&)>& found) {
  std::vector<Row> rows;
  for (const cpu::MicroKernels* instruction_set : wanted.instruction_sets) {
    for (const Case& row : wanted.cases) {
      for (const std::optional<Dtype> dtype : wanted.dtypes) {
        BackendOptions options;
        options.dtype = dtype;
        options.micro = instruction_set;
        for (Row& result : worst_of_seeds(row, wanted, options, progress)) {
          if (found) found(result);
          rows.push_back(std::move(result));
        }
      }
    }
  }
  return rows;
}

std::int64_t failures(const std::vector<Row>& rows) { return count_of(rows, Verdict::fail); }

std::string note_on(const Row& row) {
  if (row.note.empty()) return "";
  return fmt::format("{}, {}, {}, {}: {}", row.case_name, row.backend, name(row.dtype), row.pass_name, row.note);
}

std::string summary(const std::vector<Row>& rows, const Wanted& wanted) {
  return fmt::format("{} checks of {} cases on {}: {} failed, {} skipped; {}", rows.size(), wanted.cases.size(),
                     wanted.backend, failures(rows), count_of(rows, Verdict::skipped), worst_fraction(rows));
}

}  // namespace mobasim::kernels::verify
