// A page of paragraphs, facts, tables and charts, and its two forms: one self-contained HTML page, or plain text.
// What stands in it is text as it is meant; each form escapes it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mobasim::cli {

struct Paragraph {
  std::string text;
  bool warning = false;
};

struct Bullets {
  std::vector<std::string> items;
};

// What is known, one fact a line: its name and its value.
struct Facts {
  std::vector<std::pair<std::string, std::string>> rows;
};

struct PageTable {
  std::string caption;
  struct Column {
    std::string name;
    bool number = true;  // to the right, never broken; else text, broken where a line is too short for it
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as wide as columns
};

// In HTML only; `caption` says what it shows.
struct PageChart {
  std::string svg;  // a document of its own
  std::string caption;
};

using Block = std::variant<Paragraph, Bullets, Facts, PageTable, PageChart>;

struct Section {
  std::string title;
  std::vector<Block> blocks;
};

struct Chapter {
  std::string title;
  std::vector<Section> sections;
};

struct Page {
  std::string title;
  std::vector<Block> head;
  std::vector<Chapter> chapters;  // with contents before them where there are several
};

[[nodiscard]] std::string html_of(const Page& page);

inline constexpr std::size_t kTextWidth = 100;  // columns; only a word longer than that goes beyond
[[nodiscard]] std::string text_of(const Page& page);

}  // namespace mobasim::cli
