// Arrays laid one after the other in one piece of memory. With no memory the same code counts what it would take, so
// that a size and a layout cannot disagree.
#pragma once

#include <cstddef>
#include <vector>

namespace mobasim::kernels::cuda {

class Workspace {
 public:
  explicit Workspace(void* memory) : memory_(static_cast<char*>(memory)) {}

  // Null where there is no memory. Arrays begin at multiples of 256 bytes, if the memory does.
  template <class T>
  [[nodiscard]] T* array(std::size_t count) {
    const std::size_t begin = (bytes_ + kAlignment - 1) / kAlignment * kAlignment;
    bytes_ = begin + count * sizeof(T);
    return memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + begin);
  }
  template <class T>
  [[nodiscard]] T* array_for(const std::vector<T>& table) {
    return array<T>(table.size());
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kAlignment = 256;
  char* memory_;
  std::size_t bytes_ = 0;
};

}  // namespace mobasim::kernels::cuda
