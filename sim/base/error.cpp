#include "sim/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <tuple>

namespace mobasim {
namespace {

std::vector<ConfigError::Problem> sorted(std::vector<ConfigError::Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const ConfigError::Problem& a, const ConfigError::Problem& b) {
    return std::tie(a.where.file, a.where.line, a.where.column) < std::tie(b.where.file, b.where.line, b.where.column);
  });
  return problems;
}

std::string text(const std::vector<ConfigError::Problem>& problems) {
  std::string lines;
  for (const ConfigError::Problem& problem : problems) {
    if (!lines.empty()) lines += '\n';
    lines += text(problem);
  }
  return lines;
}

}  // namespace

std::string text(const ConfigError::Problem& problem) {
  const Location& where = problem.where;
  if (where.file.empty()) return problem.what;
  if (where.line == 0) return fmt::format("{}: {}", where.file, problem.what);
  if (where.column == 0) return fmt::format("{}:{}: {}", where.file, where.line, problem.what);
  return fmt::format("{}:{}:{}: {}", where.file, where.line, where.column, problem.what);
}

ConfigError::ConfigError(std::vector<Problem> problems)
    : std::runtime_error(text(sorted(problems))), problems_(sorted(std::move(problems))) {}

ConfigError::ConfigError(Location where, std::string what)
    : ConfigError(std::vector<Problem>{{std::move(where), std::move(what)}}) {}

ConfigError::ConfigError(std::string what) : ConfigError(Location{}, std::move(what)) {}

Unsupported::Unsupported(const std::string& what, const std::string& why)
    : std::runtime_error(fmt::format("{} is not supported: {}", what, why)) {}

void throw_system_error(const std::string& doing) {
  throw std::system_error(errno, std::generic_category(), "cannot " + doing);
}

void assertion_failed(const char* expression, const std::string& left, const std::string& right, const char* file,
                      int line) {
  std::fputs(fmt::format("{}:{}: mobasim is wrong here: {} does not hold: {} against {}\n", file, line, expression,
                         left, right)
                 .c_str(),
             stderr);
  std::abort();
}

}  // namespace mobasim
