// Memory for the inner loops: floats or integers on a 64-byte boundary, in huge pages where it is large and the system
// gives them: rows that lie apart then miss the processor's table of pages less often.
#pragma once

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace mobasim::kernels::cpu {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  // Uninitialised: whoever asks for it writes it first.
  explicit Buffer(std::size_t size) : data_(allocated(std::max<std::size_t>(size, 1) * sizeof(T))), size_(size) {}
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
  static constexpr std::size_t kLine = 64, kHugePage = std::size_t{1} << 21;  // of most systems; advice, not a need
  struct Release {
    std::align_val_t alignment{kLine};
    void operator()(T* data) const { ::operator delete(data, alignment); }
  };
  using Owner = std::unique_ptr<T, Release>;

  static Owner allocated(std::size_t bytes) {
    const std::align_val_t alignment{bytes < kHugePage / 2 ? kLine : kHugePage};
    Owner owner(static_cast<T*>(::operator new(bytes, alignment)), Release{alignment});
#ifdef __linux__
    if (bytes >= kHugePage / 2) madvise(owner.get(), bytes, MADV_HUGEPAGE);
#endif
    return owner;
  }

  Owner data_;
  std::size_t size_ = 0;
};

}  // namespace mobasim::kernels::cpu
