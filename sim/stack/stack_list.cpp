#include "sim/stack/stack_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/stack/calibration.h"

namespace mobasim {
namespace {

// The constants that the stack's calibration fits, with their values where it has one: "product=1.02 attention=0.97".
std::string fitted_constants(const Stack& stack) {
  std::vector<std::string> words;
  for (const StackConstant constant : stack.fitted) {
    std::string word = stack_constant_names()[static_cast<std::size_t>(constant)];
    if (stack.evidence) word += fmt::format("={:.4g}", stack.constants[constant]);
    words.push_back(std::move(word));
  }
  return joined(words, " ");
}

}  // namespace

FileList stack_files(const std::filesystem::path& folder) {
  FileList files = yaml_files(folder);
  std::erase_if(files, [](const std::filesystem::path& file) { return file.filename() == kCalibrationFile; });
  return files;
}

Table stack_list(const std::filesystem::path& folder) {
  std::vector<Stack> stacks;
  (void)table_of_files(stack_files(folder), {}, [&](const std::filesystem::path& file) {
    stacks.push_back(stack_from(file));
    return std::vector<Cell>();
  });
  const std::filesystem::path calibration = folder / kCalibrationFile;
  if (std::filesystem::exists(calibration)) calibrate(stacks, calibration);
  Table table{{"name", "calibrated", "rows", "sources", "spread", "fitted", "source"}, {}};
  for (const Stack& stack : stacks) {
    const auto& evidence = stack.evidence;
    table.rows.push_back({stack.name, evidence.has_value(), evidence ? Cell(evidence->rows) : Cell(),
                          evidence ? Cell(joined(evidence->sources, " ")) : Cell(),
                          evidence ? Cell(evidence->spread) : Cell(), fitted_constants(stack), stack.source});
  }
  return table;
}

}  // namespace mobasim
