// Configs are asked for by name (one of a shipped folder) or by path.
#pragma once

#include <filesystem>
#include <string>

namespace mobasim {

// "llama-3.1-8b" is `folder`/llama-3.1-8b.yaml; what contains a '/' or ends in .yaml is a path, which starts from
// `here`.
[[nodiscard]] std::filesystem::path file_named(const std::string& text, const std::filesystem::path& folder,
                                               const std::filesystem::path& here);
// "" where file_named(text, ...) is there, else what to say: no such file, or the nearest of the names there are.
[[nodiscard]] std::string problem_of_name(const std::string& text, const std::filesystem::path& file);

}  // namespace mobasim
