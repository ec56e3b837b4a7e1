#include "cli/chart/png.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "sim/base/error.h"

extern char** environ;

namespace mobasim::cli {

bool write_png(const std::filesystem::path& svg_file, const std::filesystem::path& png_file) {
  std::string program = "rsvg-convert", zoom = "--zoom=2", output = "--output", source = svg_file.string();
  std::string partial = png_file.string() + ".partial-" + std::to_string(::getpid());
  const std::array<char*, 6> arguments = {program.data(), zoom.data(),   output.data(),
                                          partial.data(), source.data(), nullptr};
  pid_t child = 0;
  const int refused = ::posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ);
  if (refused == ENOENT) return false;
  if (refused != 0) throw std::system_error(refused, std::generic_category(), "cannot start rsvg-convert");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw_system_error("wait for rsvg-convert");
  }
  std::error_code ignored;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::filesystem::remove(partial, ignored);
    throw std::system_error(EIO, std::generic_category(), "cannot draw " + png_file.string() + " with rsvg-convert");
  }
  std::filesystem::rename(partial, png_file);
  return true;
}

}  // namespace mobasim::cli
