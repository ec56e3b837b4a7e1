// Parts of the program that are loaded when they are first used, because the libraries that they stand on (Ceres,
// oneDNN) take longer to load than most commands take as a whole.
#pragma once

#include <string>

namespace mobasim {

// The address of a function of C linkage in a module: the shared object NAME.so beside the program, else where the
// program was built. A module stays loaded. Throws std::runtime_error with the loader's reason.
[[nodiscard]] void* address_in_module(const std::string& name, const std::string& function);

// The same as a function of its type.
template <class Function>
[[nodiscard]] Function* function_of_module(const std::string& name, const std::string& function) {
  return reinterpret_cast<Function*>(address_in_module(name, function));
}

}  // namespace mobasim
