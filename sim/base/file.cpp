#include "sim/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "sim/base/error.h"

namespace mobasim {
namespace {

// Closes a file descriptor at the end of the scope.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

std::string doing(const char* verb, const std::filesystem::path& path) {
  return fmt::format("{} {}", verb, path.string());
}

void write_all(int descriptor, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_system_error(doing("write", path));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string bytes_of_file(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw ConfigError(Location{path.string()}, "there is no such file");
    throw_system_error(doing("read", path));
  }
  struct stat status {};
  if (::fstat(file.value, &status) != 0) throw_system_error(doing("read", path));
  if (S_ISDIR(status.st_mode)) throw ConfigError(Location{path.string()}, "this is a directory; a file is wanted");

  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file.value, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system_error(doing("read", path));
    if (count == 0) break;
    content.append(buffer, static_cast<std::size_t>(count));
  }
  return content;
}

std::string text_of_file(const std::filesystem::path& path) {
  std::string content = bytes_of_file(path);
  if (content.find('\0') != std::string::npos) {
    throw ConfigError(Location{path.string()}, "this is no text file (it holds NUL bytes)");
  }
  return content;
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  // A device or pipe (/dev/stdout, /dev/null) is written to as it is: renaming would replace it.
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) {
      errno = EISDIR;
      throw_system_error(doing("write", path));
    }
    const Descriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (file.value < 0) throw_system_error(doing("write", path));
    return write_all(file.value, content, path);
  }

  write_files({{path, std::string(content)}});
}

void write_files(const std::vector<FileContent>& files) {
  const auto temporary = [](const std::filesystem::path& path) {
    return path.string() + fmt::format(".{}.tmp", ::getpid());
  };
  try {
    for (const FileContent& file : files) {
      if (std::filesystem::is_directory(file.path)) {
        errno = EISDIR;
        throw_system_error(doing("write", file.path));
      }
      const Descriptor to{::open(temporary(file.path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
      if (to.value < 0) throw_system_error(doing("write", file.path));
      write_all(to.value, file.content, file.path);
    }
    for (const FileContent& file : files) {
      if (::rename(temporary(file.path).c_str(), file.path.c_str()) != 0) throw_system_error(doing("write", file.path));
    }
  } catch (...) {
    for (const FileContent& file : files) ::unlink(temporary(file.path).c_str());
    throw;
  }
}

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  const bool a_exists = std::filesystem::exists(a, error), b_exists = std::filesystem::exists(b, error);
  if (a_exists && !std::filesystem::is_regular_file(a, error)) return false;
  if (a_exists && b_exists) return std::filesystem::equivalent(a, b, error);
  const auto settled = [&](const std::filesystem::path& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  return settled(a) == settled(b);
}

void make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw std::system_error(error, "cannot " + doing("create", path));
}

}  // namespace mobasim
