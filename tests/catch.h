// Catch2, version 2 (Debian 12) or 3 (later), and what tests share. Catch2 moves and renames what its namespace holds,
// so a test names only macros and what stands here; tests/tree holds it to that.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>  // Approx is global in it
inline auto ContainsSubstring(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

// Ends the test as skipped, visibly: ctest knows it by this line (Catch2 2 has no SKIP).
#define MOBASIM_SKIP(reason)                            \
  do {                                                  \
    std::fprintf(stderr, "MOBASIM_SKIP: %s\n", reason); \
    std::_Exit(77);                                     \
  } while (false)

namespace mobasim::tests {

inline std::filesystem::path source_folder() { return MOBASIM_SOURCE_FOLDER; }

}  // namespace mobasim::tests
