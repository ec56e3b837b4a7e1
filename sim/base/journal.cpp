#include "sim/base/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

std::string first_line(const JournalHead& head) {
  return fmt::format("# An interrupted mobasim {}; --resume goes on with it.", head.work);
}

std::string text_of(const JournalHead& head) {
  std::string out = first_line(head) + "\n";
  for (const auto& [name, value] : head.identity) out += fmt::format("# {}: {}\n", name, value);
  return out + head.columns;
}

void append_durably(const std::filesystem::path& file, std::string_view content) {
  const std::string doing = "write " + file.string();
  const int target = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (target < 0) throw_system_error(doing);
  while (!content.empty()) {
    const ssize_t written = ::write(target, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 || (::fsync(target) != 0 && errno != EINVAL)) {
      const int error = errno;
      ::close(target);
      errno = error;
      throw_system_error(doing);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(target);
}

// Throws ConfigError where the first lines tell of other work.
void check_identity(const std::filesystem::path& file, const std::string& text, const JournalHead& head) {
  std::istringstream stream(text);
  std::string line;
  std::getline(stream, line);
  if (line != first_line(head)) {
    throw ConfigError({file.string()}, fmt::format("this is no interrupted {}", head.work));
  }
  Identity found;
  while (stream.peek() == '#' && std::getline(stream, line)) {
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) found.emplace_back(line.substr(2, colon - 2), line.substr(colon + 2));
  }
  std::vector<std::string> differing;
  for (const auto& [name, value] : head.identity) {
    const auto there = std::find_if(found.begin(), found.end(), [&, &n = name](const auto& f) { return f.first == n; });
    const std::string before = there == found.end() ? "not told" : there->second;
    if (before != value) differing.push_back(fmt::format("{} was '{}' and is '{}'", name, before, value));
  }
  if (differing.empty()) return;
  throw ConfigError({file.string()}, fmt::format("this {} cannot be resumed: {}. Without --resume it begins anew",
                                                 head.work, joined(differing)));
}

}  // namespace

Journal::Journal(std::filesystem::path file, JournalHead head) : Journal(std::move(file), std::move(head), "") {
  keep("");
}

Journal::Journal(std::filesystem::path file, JournalHead head, std::string text)
    : file_(std::move(file)), head_(std::move(head)), text_(std::move(text)) {}

Journal Journal::resumed(std::filesystem::path file, JournalHead head) {
  std::string text = text_of_file(file);
  check_identity(file, text, head);
  text.erase(text.rfind('\n') + 1);  // a line that was cut off
  return {std::move(file), std::move(head), std::move(text)};
}

void Journal::keep(const std::string& lines) { write_file(file_, text_of(head_) + lines); }

void Journal::append(std::string_view lines) const { append_durably(file_, lines); }

void Journal::remove() const {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace mobasim
