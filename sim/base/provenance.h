// Where a result comes from: a JSON file beside the data (the data files themselves carry no command, time or machine).
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mobasim {

struct Provenance {
  std::string version, commit;                             // of the program
  std::vector<std::string> command;                        // as it would be typed again
  std::vector<std::filesystem::path> inputs;               // every file that was read
  std::vector<std::pair<std::string, std::string>> facts;  // axis, device, price, ...
};

// FNV-1a, 64 bits, of a file's bytes: tells whether a file changed, not who changed it.
[[nodiscard]] std::string fingerprint(const std::filesystem::path& file);
// {"program": .., "version": .., "commit": .., "command": [..], "inputs": [{"file": .., "fnv1a64": ..}], facts}
[[nodiscard]] std::string json_of(const Provenance& provenance);

}  // namespace mobasim
