// Catch2, version 2 (Debian 12) or 3 (later), and what tests share.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <cstdio>
#include <cstdlib>
#include <filesystem>

// Ends the test as skipped, visibly: ctest knows it by this line (Catch2 2 has no SKIP).
#define MOBASIM_SKIP(reason)                            \
  do {                                                  \
    std::fprintf(stderr, "MOBASIM_SKIP: %s\n", reason); \
    std::_Exit(77);                                     \
  } while (false)

namespace mobasim::tests {

inline std::filesystem::path source_folder() { return MOBASIM_SOURCE_FOLDER; }

}  // namespace mobasim::tests
