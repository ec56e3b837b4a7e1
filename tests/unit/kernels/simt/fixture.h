// Device memory and launches for tests of the executor and of kernels on it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kernels/cuda/launch.h"
#include "kernels/simt/executor.h"

namespace mobasim::tests {

// Device memory that holds `values`, or nothing yet.
template <class T>
class Device {
 public:
  explicit Device(std::size_t count, const char* name = "memory")
      : data_(static_cast<T*>(kernels::simt::allocate(count * sizeof(T), name))), count_(count) {}
  explicit Device(const std::vector<T>& values, const char* name = "memory") : Device(values.size(), name) {
    kernels::simt::upload(data_, values.data(), count_ * sizeof(T));
  }
  ~Device() { kernels::simt::release(data_); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::vector<T> values() const {
    std::vector<T> values(count_);
    kernels::simt::download(values.data(), data_, count_ * sizeof(T));
    return values;
  }

 private:
  T* data_;
  std::size_t count_;
};

struct LaunchOutcome {
  bool found = false;
  kernels::simt::Detector detector = {};
  std::string text;
};

// What a launch ends with.
template <class Launch>
LaunchOutcome outcome_of(Launch launch) {
  try {
    launch();
    return {};
  } catch (const kernels::simt::Finding& finding) {
    return {true, finding.detector, finding.what()};
  }
}

}  // namespace mobasim::tests
