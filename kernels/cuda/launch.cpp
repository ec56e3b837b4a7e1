#include "kernels/cuda/launch.h"

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "kernels/cuda/kernel_name.h"
#include "kernels/cuda/launch_error.h"

namespace mobasim::kernels::cuda {
namespace {

// What of a shape no device takes, in words; empty when it is sound.
std::string violation(const LaunchShape& shape) {
  constexpr unsigned kMostX = 0x7fffffff, kMostYZ = 65535, kMostThreads = 1024, kMostShared = 163 * 1024;
  const auto beyond = [](const char* what, unsigned value, unsigned most) {
    return std::string(what) + " " + std::to_string(value) + " is beyond " + std::to_string(most);
  };
  if (shape.grid.x > kMostX) return beyond("grid x", shape.grid.x, kMostX);
  if (shape.grid.y > kMostYZ) return beyond("grid y", shape.grid.y, kMostYZ);
  if (shape.grid.z > kMostYZ) return beyond("grid z", shape.grid.z, kMostYZ);
  if (shape.threads > kMostThreads) return beyond("threads", shape.threads, kMostThreads);
  if (shape.threads == 0 || shape.threads % simt::kWarp != 0) {
    return "threads " + std::to_string(shape.threads) + " is no positive multiple of " + std::to_string(simt::kWarp);
  }
  if (shape.shared_bytes > kMostShared) return beyond("bytes of shared memory", shape.shared_bytes, kMostShared);
  return "";
}

}  // namespace

void check_launch(const LaunchShape& shape, const char* kernel, const char* file, int line) {
  const std::string wrong = violation(shape);
  if (!wrong.empty()) throw CudaError(std::string(file) + ":" + std::to_string(line) + ": " + kernel + ": " + wrong);
}

const char* kernel_name_in(const char* function) {
  const std::string_view text = function;
  const std::size_t begin = text.find("kKernel = ") + 10;
  std::size_t end = begin;  // up to the ';' or ']' after the name
  while (end < text.size() && text[end] != ';' && text[end] != ']') ++end;
  static std::mutex mutex;
  static std::set<std::string> names;
  const std::lock_guard lock(mutex);
  return names.insert(short_kernel_name(text.substr(begin, end - begin))).first->c_str();
}

}  // namespace mobasim::kernels::cuda
