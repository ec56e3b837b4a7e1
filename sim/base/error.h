// The kinds of failure and what each means to the user. Caught once, in cli/main.cpp, which maps them to exit codes:
//   ConfigError        what the user gave is wrong                        2
//   std::system_error  the machine refused (disk, permission, device)     3
//   Unsupported        asked for something that is not modelled           4
// "Does not fit" and "outside the measured range" are no errors but rows of a result.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace mobasim {

// A place in the user's input. line and column count from 1; 0 means that it has none (a flag, a missing file).
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};

// One error that carries every problem found, sorted by place. what() has one line a problem.
class ConfigError : public std::runtime_error {
 public:
  struct Problem {
    Location where;
    std::string what;
  };
  explicit ConfigError(std::vector<Problem> problems);
  ConfigError(Location where, std::string what);
  explicit ConfigError(std::string what);  // a problem without a place: a flag, a combination
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

// "file:line:column: what", leaving out what is 0.
[[nodiscard]] std::string text(const ConfigError::Problem& problem);

// Asked for what is not modelled: never answered with a made-up number.
class Unsupported : public std::runtime_error {
 public:
  Unsupported(const std::string& what, const std::string& why);
};

// Throws std::system_error from the current errno. `doing` completes "cannot ...", as in "write out.csv".
[[noreturn]] void throw_system_error(const std::string& doing);

// Our own bug: prints both values and the place, then aborts.
#define MOBASIM_ASSERT_EQUAL(a, b) ::mobasim::assert_equal((a), (b), #a " == " #b, __FILE__, __LINE__)
[[noreturn]] void assertion_failed(const char* expression, const std::string& left, const std::string& right,
                                   const char* file, int line);
template <class A, class B>
void assert_equal(const A& a, const B& b, const char* expression, const char* file, int line) {
  if (!(a == b)) assertion_failed(expression, std::to_string(a), std::to_string(b), file, line);
}

}  // namespace mobasim
