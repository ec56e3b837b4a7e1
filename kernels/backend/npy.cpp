#include "kernels/backend/npy.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "sim/base/error.h"
#include "sim/base/file.h"

namespace mobasim::kernels {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they stand in the file");

constexpr std::string_view kMagic = "\x93NUMPY";

constexpr const char* kRecords = "[...]";  // a dtype of several fields

// What the header says, a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
struct Header {
  std::string dtype;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;
};

// Reads that literal from the left; every step says whether it found what it looks for.
class Literal {
 public:
  explicit Literal(std::string_view text) : rest_(text) {}

  bool token(std::string_view wanted) {
    skip_blanks();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  bool text(std::string& out) {
    skip_blanks();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return false;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return false;
    out = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }
  bool integer(std::int64_t& out) {
    skip_blanks();
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    token("L");  // Python 2
    return true;
  }
  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  std::string_view rest_;
};

bool read_shape(Literal& literal, std::optional<std::vector<std::int64_t>>& shape) {
  if (!literal.token("(")) return false;
  shape.emplace();
  while (!literal.token(")")) {
    if (!shape->empty() && !literal.token(",")) return false;
    if (literal.token(")")) break;
    std::int64_t size = 0;
    if (!literal.integer(size) || size < 0) return false;
    shape->push_back(size);
  }
  return true;
}

bool read_entry(Literal& literal, Header& header) {
  std::string key;
  if (!literal.text(key) || !literal.token(":")) return false;
  if (key == "descr") {
    if (!literal.token("[")) return literal.text(header.dtype);
    header.dtype = kRecords;
    return false;
  }
  if (key == "fortran_order") {
    header.fortran_order = literal.token("True");
    return *header.fortran_order || literal.token("False");
  }
  return key == "shape" && read_shape(literal, header.shape);
}

bool read_header(std::string_view text, Header& header) {
  Literal literal(text);
  if (!literal.token("{")) return false;
  while (!literal.token("}")) {
    if (!read_entry(literal, header)) return false;
    if (!literal.token(",")) {
      if (!literal.token("}")) return false;
      break;
    }
  }
  return literal.at_end() && !header.dtype.empty() && header.fortran_order && header.shape;
}

// What is wrong with the header of an array that is well written, in words; empty when nothing is.
std::string violation(const Header& header) {
  if (header.dtype == ">f4") return "its dtype is '>f4', big endian; save array.astype('<f4')";
  if (header.dtype != "<f4") {
    return fmt::format("its dtype is '{}'; float32 ('<f4') is wanted: save array.astype('<f4')", header.dtype);
  }
  if (*header.fortran_order) return "it is in Fortran order; C order is wanted: save numpy.ascontiguousarray(array)";
  return "";
}

// Bytes of the values; nothing where 64 bits do not hold them.
std::optional<std::uint64_t> bytes_of(const std::vector<std::int64_t>& shape) {
  std::uint64_t bytes = sizeof(float);
  for (const std::int64_t size : shape) {
    if (size != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(size)) return {};
    bytes *= static_cast<std::uint64_t>(size);
  }
  return bytes;
}

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

std::string shape_text(const std::vector<std::int64_t>& shape) {
  if (shape.size() == 1) return fmt::format("({},)", shape[0]);
  return fmt::format("({})", fmt::join(shape, ", "));
}

Array array_of_file(const std::filesystem::path& path) {
  const std::string content = bytes_of_file(path);
  const auto refuse = [&path](const std::string& what) { throw ConfigError(Location{path.string(), 0, 0}, what); };
  std::string_view rest = content;
  if (!rest.starts_with(kMagic)) refuse("this is no .npy file (it does not begin with \\x93NUMPY)");
  rest.remove_prefix(kMagic.size());
  if (rest.size() < 2) refuse("it is cut short: its header is not complete");
  const int major = static_cast<unsigned char>(rest[0]);
  if (major < 1 || major > 3) refuse(fmt::format("its .npy version is {}; 1, 2 and 3 are known", major));
  rest.remove_prefix(2);
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  if (rest.size() < length_bytes) refuse("it is cut short: its header is not complete");
  const std::size_t length = little_endian(rest.substr(0, length_bytes));
  rest.remove_prefix(length_bytes);
  if (rest.size() < length) refuse("it is cut short: its header is not complete");

  Header header;
  const bool sound = read_header(rest.substr(0, length), header);
  if (header.dtype == kRecords) refuse("it holds records; an array of float32 ('<f4') is wanted");
  if (!sound) refuse("its header is not as NumPy writes it");
  if (const std::string wrong = violation(header); !wrong.empty()) refuse(wrong);
  rest.remove_prefix(length);
  const std::optional<std::uint64_t> bytes = bytes_of(*header.shape);
  if (!bytes || rest.size() != *bytes) {
    refuse(fmt::format("it {}: shape {} needs {} bytes after the header, and there are {}",
                       !bytes || rest.size() < *bytes ? "is cut short" : "is too long", shape_text(*header.shape),
                       bytes ? fmt::format("{}", *bytes) : "more than 2^64", rest.size()));
  }
  Array array{*header.shape, std::vector<float>(static_cast<std::size_t>(*bytes / sizeof(float)))};
  if (!rest.empty()) std::memcpy(array.values.data(), rest.data(), rest.size());
  return array;
}

std::string npy_content(const Array& array) {
  constexpr std::size_t kAlignment = 64, kBeforeHeader = 10;  // magic, version, length
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}", shape_text(array.shape));
  const std::size_t unpadded = kBeforeHeader + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string content(kMagic);
  content += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  content += header;
  content.append(reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(float));
  return content;
}

}  // namespace mobasim::kernels
