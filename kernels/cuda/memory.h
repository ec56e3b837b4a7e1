// Memory of a target that frees itself.
#pragma once

#include <cstddef>

#include "kernels/cuda/target.h"

namespace mobasim::kernels::cuda {

class Memory {
 public:
  Memory(const Target& target, std::size_t bytes, const char* what)
      : target_(target), data_(target.allocate(bytes, what)) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { target_.release(data_); }

  [[nodiscard]] void* data() const { return data_; }
  void upload(const void* from, std::size_t bytes, std::size_t at = 0) {
    target_.upload(static_cast<char*>(data_) + at, from, bytes);
  }
  void download(void* to, std::size_t bytes) const { target_.download(to, data_, bytes); }

 private:
  const Target& target_;
  void* data_;
};

}  // namespace mobasim::kernels::cuda
