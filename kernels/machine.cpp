#include "kernels/machine.h"

#include <omp.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <ctime>
#include <fstream>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace mobasim::kernels {
namespace {

std::string trimmed(std::string text) {
  const char* blanks = " \t\n\r";
  text.erase(0, text.find_first_not_of(blanks));
  text.erase(text.find_last_not_of(blanks) + 1);
  return text;
}

// The brand string of cpuid leaves 0x80000002 to 0x80000004 (AMD64 and Intel 64 manuals, CPUID), or "".
std::string name_by_processor() {
#if defined(__x86_64__)
  std::array<unsigned, 12> words{};
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    unsigned* at = &words[4 * leaf];
    if (__get_cpuid(0x80000002u + leaf, &at[0], &at[1], &at[2], &at[3]) == 0) return "";
  }
  std::array<char, sizeof words + 1> text{};
  std::memcpy(text.data(), words.data(), sizeof words);
  return trimmed(text.data());
#else
  return "";
#endif
}

std::string name_by_proc() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name") && !line.starts_with("Model")) continue;
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) return trimmed(line.substr(colon + 1));
  }
  return "";
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return trimmed(line);
}

Bytes bytes_or_0(long value) { return Bytes(value > 0 ? static_cast<double>(value) : 0.0); }

}  // namespace

Machine this_machine() {
  Machine machine;
  machine.cpu_model = name_by_processor();
  if (machine.cpu_model.empty()) machine.cpu_model = name_by_proc();
  if (machine.cpu_model.empty()) machine.cpu_model = "unknown processor";
  machine.processors = omp_get_num_procs();
  machine.memory = bytes_or_0(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
#ifdef _SC_LEVEL3_CACHE_SIZE
  machine.last_level_cache = bytes_or_0(sysconf(_SC_LEVEL3_CACHE_SIZE));
  if (machine.last_level_cache == Bytes(0)) machine.last_level_cache = bytes_or_0(sysconf(_SC_LEVEL2_CACHE_SIZE));
#endif
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (!governor.empty()) machine.governor = governor;
  utsname name{};
  if (uname(&name) == 0) machine.system = std::string(name.sysname) + " " + name.release + " " + name.machine;
  return machine;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace mobasim::kernels
