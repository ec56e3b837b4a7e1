#include "sim/base/provenance.h"

#include <fmt/format.h>

#include <cstdint>

#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim {

std::string fingerprint(const std::filesystem::path& file) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text_of_file(file)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

std::string json_of(const Provenance& provenance) {
  std::vector<std::string> words, inputs;
  for (const std::string& word : provenance.command) words.push_back(json_text(word));
  for (const std::filesystem::path& file : provenance.inputs) {
    inputs.push_back(
        fmt::format("\n    {{\"file\": {}, \"fnv1a64\": \"{}\"}}", json_text(file.string()), fingerprint(file)));
  }
  std::string text = fmt::format("{{\n  \"program\": \"mobasim\",\n  \"version\": {},\n  \"commit\": {},\n",
                                 json_text(provenance.version), json_text(provenance.commit));
  text += fmt::format("  \"command\": [{}],\n  \"inputs\": [{}\n  ]", joined(words), joined(inputs, ","));
  for (const auto& [key, value] : provenance.facts)
    text += fmt::format(",\n  {}: {}", json_text(key), json_text(value));
  return text + "\n}\n";
}

}  // namespace mobasim
