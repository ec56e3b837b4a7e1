// Memory for the inner loops: floats or integers on a 64-byte boundary.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace mobasim::kernels {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  // Uninitialised: whoever asks for it writes it first.
  explicit Buffer(std::size_t size)
      : data_(static_cast<T*>(::operator new(std::max<std::size_t>(size, 1) * sizeof(T), kAlignment))), size_(size) {}
  Buffer(std::size_t size, T value) : Buffer(size) { std::fill_n(data_.get(), size, value); }

  // At least `size` long, whatever stands in it; memory that suffices is kept.
  void grow(std::size_t size) {
    if (size > size_ || data_ == nullptr) *this = Buffer(size);
  }

  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] const T* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Release {
    void operator()(T* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<T, Release> data_;
  std::size_t size_ = 0;
};

}  // namespace mobasim::kernels
