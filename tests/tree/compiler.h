// What the compiler that built this says of a source file.
#pragma once

#include <string>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests {

// Of `content` as snippet.cpp in `folder`, checked and not compiled; `options` are shell words.
inline Outcome outcome_of_compiler(const std::string& content, const std::filesystem::path& folder,
                                   const std::string& options = "") {
  put_file(folder / "snippet.cpp", content);
  return outcome_of_shell(quoted_for_shell(MOBASIM_CXX_COMPILER) + " -std=c++20 -fsyntax-only " + options + " -I" +
                              quoted_for_shell(source_folder().string()) + " snippet.cpp",
                          folder);
}

}  // namespace mobasim::tests
