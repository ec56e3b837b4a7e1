// What ptxas said of each kernel while the program was built: the *.cu.o.ptxas files beside the object files (see
// cmake/ptxas-log.sh).
#pragma once

#include <cxxabi.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/cuda/kernel_name.h"
#include "tests/catch.h"
#include "tests/cuda/nvcc_build.h"
#include "tests/program.h"

namespace mobasim::tests {

struct CompiledKernel {
  std::string name;  // without namespaces; the 16-bit type reads Element, see without_element
  int architecture = 0;
  int registers = 0, stack_bytes = 0, spill_stores_bytes = 0, spill_loads_bytes = 0;
};

// "f<Bf16, 64>" and "f<Fp16, 64>" are "f<Element, 64>": they are the same code but for the conversions.
inline std::string without_element(const std::string& name) {
  return std::regex_replace(name, std::regex("\\b(Bf16|Fp16)\\b"), "Element");
}

inline std::string kernel_of_symbol(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return kernels::cuda::short_kernel_name(status == 0 ? text.get() : symbol);
}

inline std::vector<CompiledKernel> kernels_of_log(const std::string& log) {
  static const std::regex entry("Compiling entry function '(\\S+)' for 'sm_(\\d+)[a-z]?'"),
      frame("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads"),
      used("Used (\\d+) registers");
  std::vector<CompiledKernel> kernels;
  std::istringstream lines(log);
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, found, entry)) {
      kernels.push_back({without_element(kernel_of_symbol(found[1])), std::stoi(found[2])});
    } else if (kernels.empty()) {
      continue;
    } else if (std::regex_search(line, found, frame)) {
      kernels.back().stack_bytes = std::stoi(found[1]);
      kernels.back().spill_stores_bytes = std::stoi(found[2]);
      kernels.back().spill_loads_bytes = std::stoi(found[3]);
    } else if (std::regex_search(line, found, used)) {
      kernels.back().registers = std::stoi(found[1]);
    }
  }
  return kernels;
}

// The object files that nvcc made of the sources of kernels/cuda. Ends the test as skipped where there was no nvcc:
// then there is no folder to look into.
inline std::vector<std::filesystem::path> kernel_objects() {
  const NvccBuild build = nvcc_build();
  if (build.version.empty()) MOBASIM_SKIP("built without nvcc");
  const std::filesystem::path sources = source_folder() / "kernels/cuda";
  std::vector<std::filesystem::path> objects;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(build.folder / "kernels/cuda")) {
    const std::filesystem::path& file = entry.path();
    const bool of_cuda_source = file.extension() == ".o" && file.stem().extension() == ".cu";
    if (of_cuda_source && std::filesystem::exists(sources / file.stem())) objects.push_back(file);
  }
  std::sort(objects.begin(), objects.end());
  return objects;
}

// By name and architecture; of kernels that differ in the 16-bit type alone, the greater figures.
inline std::vector<CompiledKernel> compiled_kernels(const std::vector<std::filesystem::path>& objects) {
  std::map<std::pair<std::string, int>, CompiledKernel> kernels;
  for (const std::filesystem::path& object : objects) {
    for (const CompiledKernel& kernel : kernels_of_log(file_content(object.string() + ".ptxas"))) {
      CompiledKernel& worst = kernels.try_emplace({kernel.name, kernel.architecture}, kernel).first->second;
      for (int CompiledKernel::*figure : {&CompiledKernel::registers, &CompiledKernel::stack_bytes,
                                          &CompiledKernel::spill_stores_bytes, &CompiledKernel::spill_loads_bytes}) {
        worst.*figure = std::max(worst.*figure, kernel.*figure);
      }
    }
  }
  std::vector<CompiledKernel> sorted;
  for (const auto& [key, kernel] : kernels) sorted.push_back(kernel);
  return sorted;
}

}  // namespace mobasim::tests
