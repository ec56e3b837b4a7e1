#include "sim/cost/interval.h"

#include <algorithm>
#include <cmath>

namespace mobasim {
namespace {

constexpr double kUncalibrated = 0.35;
constexpr double kPerSequenceDoubling = 0.1, kPerDeviceDoubling = 0.05, kOtherDevice = 0.25;

// How many doublings `value` lies outside of lo .. hi.
double doublings_beyond(std::int64_t value, std::int64_t lo, std::int64_t hi) {
  const auto ratio = [](std::int64_t a, std::int64_t b) {
    return std::log2(static_cast<double>(a) / static_cast<double>(std::max<std::int64_t>(b, 1)));
  };
  return std::max({0.0, ratio(lo, value), ratio(value, hi)});
}

}  // namespace

double log_half_width(const Stack& stack, std::string_view device, std::int64_t sequence, std::int64_t devices) {
  if (!stack.evidence) return kUncalibrated;
  const StackEvidence& known = *stack.evidence;
  const bool other =
      std::find(known.device_names.begin(), known.device_names.end(), device) == known.device_names.end();
  return known.width * (1 + kPerSequenceDoubling * doublings_beyond(sequence, known.sequence_lo, known.sequence_hi) +
                        kPerDeviceDoubling * doublings_beyond(devices, known.devices_lo, known.devices_hi) +
                        (other ? kOtherDevice : 0));
}

}  // namespace mobasim
