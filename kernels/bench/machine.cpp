#include "kernels/bench/machine.h"

#include <fmt/format.h>
#include <omp.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <vector>

#include "sim/base/text.h"

#ifdef __linux__
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace mobasim::kernels::bench {
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

std::string on_or_off(const char* path) {
  const std::string line = first_line(path);
  return line == "1" ? "on" : line == "0" ? "off" : "unknown";
}

std::string frequency_range() {
  const std::string folder = "/sys/devices/system/cpu/cpu0/cpufreq/";
  const auto least = finite_number(first_line((folder + "scaling_min_freq").c_str()));
  const auto most = finite_number(first_line((folder + "scaling_max_freq").c_str()));
  if (!least || !most) return "unknown";
  return fmt::format("{:.3g} to {:.3g} GHz", *least / 1e6, *most / 1e6);  // the files are in kHz
}

// "32768K"; 0 for anything else.
Bytes kibibytes(const std::string& text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && std::string_view(end) == "K" ? Bytes(1024.0 * static_cast<double>(value)) : Bytes(0);
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
  // What this processor's cores share; sysconf may count what other sockets or a host have.
  machine.last_level_cache = kibibytes(first_line("/sys/devices/system/cpu/cpu0/cache/index3/size"));
#ifdef _SC_LEVEL3_CACHE_SIZE
  if (machine.last_level_cache == Bytes(0)) machine.last_level_cache = bytes_or_0(sysconf(_SC_LEVEL3_CACHE_SIZE));
  if (machine.last_level_cache == Bytes(0)) machine.last_level_cache = bytes_or_0(sysconf(_SC_LEVEL2_CACHE_SIZE));
#endif
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (!governor.empty()) machine.governor = governor;
  machine.frequency = frequency_range();
  machine.boost = on_or_off("/sys/devices/system/cpu/cpufreq/boost");
  machine.smt = on_or_off("/sys/devices/system/cpu/smt/active");
  utsname name{};
  if (uname(&name) == 0) machine.system = std::string(name.sysname) + " " + name.release + " " + name.machine;
  return machine;
}

std::string load_average() {
  const std::string line = first_line("/proc/loadavg");
  return line.empty() ? "unknown" : line.substr(0, line.find(' '));
}

std::string openmp_settings() {
  std::vector<std::string> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.starts_with("OMP_") || text.starts_with("GOMP_") || text.starts_with("KMP_")) found.push_back(text);
  }
  std::sort(found.begin(), found.end());
  return found.empty() ? "none" : joined(found);
}

std::string affinity() {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "unknown";
  std::vector<std::string> ranges;
  for (int first = 0; first < CPU_SETSIZE; ++first) {
    if (!CPU_ISSET(first, &set)) continue;
    int last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) ++last;
    ranges.push_back(first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last));
    first = last;
  }
  return joined(ranges, ",");
#else
  return "unknown";
#endif
}

// FNV-1a, 64 bits (Fowler, Noll, Vo).
std::string program_hash() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  if (!file) return "unknown";
  std::uint64_t hash = 0xcbf29ce484222325u;
  std::vector<char> block(1 << 16);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    for (std::streamsize i = 0; i < file.gcount(); ++i) {
      hash = (hash ^ static_cast<unsigned char>(block[static_cast<std::size_t>(i)])) * 0x100000001b3u;
    }
  }
  return fmt::format("{:016x}", hash);
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace mobasim::kernels::bench
