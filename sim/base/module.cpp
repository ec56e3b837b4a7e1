#include "sim/base/module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

namespace mobasim {
namespace {

std::filesystem::path file_of_module(const std::string& name) {
  std::error_code unknown;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  const std::filesystem::path beside = program.parent_path() / (name + ".so");
  if (!unknown && std::filesystem::exists(beside, unknown)) return beside;
  return std::filesystem::path(MOBASIM_MODULE_FOLDER) / (name + ".so");
}

}  // namespace

void* address_in_module(const std::string& name, const std::string& function) {
  const std::filesystem::path file = file_of_module(name);
  void* module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* address = module == nullptr ? nullptr : ::dlsym(module, function.c_str());
  if (address == nullptr) throw std::runtime_error(fmt::format("cannot load a part of the program: {}", ::dlerror()));
  return address;
}

}  // namespace mobasim
