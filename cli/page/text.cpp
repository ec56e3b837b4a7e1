#include <algorithm>
#include <cctype>

#include "cli/page/page.h"

namespace mobasim::cli {
namespace {

constexpr std::size_t kLeastTextColumn = 14;  // a column of text is not made narrower than that
constexpr std::string_view kGap = "  ";

// Characters, not bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The words of a text; control characters part words as blanks do.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte != 0x7F) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty() && words.size() > 1) words.pop_back();
  return words;
}

// The lines that a text takes; a word longer than a line is a line of its own.
std::vector<std::string> lines_of(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (const std::string& word : words_of(text)) {
    if (!lines.empty() && width_of(lines.back()) + 1 + width_of(word) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return right ? blanks + text : text + blanks;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string& word : words_of(text)) longest = std::max(longest, width_of(word));
  return longest;
}

// Each column as wide as its longest cell; then those of text are narrowed until the table fits, if it can.
std::vector<std::size_t> column_widths(const PageTable& table) {
  std::vector<std::size_t> widths, least;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i].name;  // in two lines where its words allow it
    std::size_t cell = std::max(longest_word(name), (width_of(name) + 1) / 2), word = cell;
    for (const auto& row : table.rows) {
      cell = std::max(cell, width_of(row[i]));
      word = std::max(word, longest_word(row[i]));
    }
    widths.push_back(cell);
    least.push_back(table.columns[i].number ? cell : std::min(cell, std::max(word, kLeastTextColumn)));
  }
  std::size_t total = kGap.size() * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  while (total > kTextWidth) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

struct Text {
  std::string text;

  void add_lines(const std::vector<std::string>& lines, std::string_view first, std::string_view next) {
    for (std::size_t i = 0; i < lines.size(); ++i) text += std::string(i == 0 ? first : next) + lines[i] + "\n";
  }

  void add_heading(const std::string& title, char underline) {
    const auto lines = lines_of(title, kTextWidth);
    std::size_t width = 0;
    for (const std::string& line : lines) width = std::max(width, width_of(line));
    add_lines(lines, "", "");
    text += std::string(width, underline) + "\n\n";
  }

  void operator()(const Paragraph& paragraph) {
    add_lines(lines_of((paragraph.warning ? "Warning: " : "") + paragraph.text, kTextWidth), "", "");
    text += "\n";
  }

  void operator()(const Bullets& bullets) {
    for (const std::string& item : bullets.items) add_lines(lines_of(item, kTextWidth - 2), "* ", "  ");
    text += "\n";
  }

  void operator()(const Facts& facts) {
    std::size_t width = 0;
    for (const auto& [name, value] : facts.rows) width = std::max(width, width_of(name));
    const std::string indent(width + kGap.size(), ' ');
    for (const auto& [name, value] : facts.rows) {
      add_lines(lines_of(value, kTextWidth - indent.size()), padded(name, width, false) + std::string(kGap), indent);
    }
    text += "\n";
  }

  void operator()(const PageChart&) {}

  void operator()(const PageTable& table) {
    if (!table.caption.empty()) add_lines(lines_of(table.caption, kTextWidth), "", "");
    const std::vector<std::size_t> widths = column_widths(table);
    // Where it is still too wide it goes on below, beginning with its first column again.
    std::size_t from = 1;
    do {
      std::vector<std::size_t> columns = {0};
      std::size_t total = widths[0];
      while (from < widths.size() && (columns.size() == 1 || total + kGap.size() + widths[from] <= kTextWidth)) {
        total += kGap.size() + widths[from];
        columns.push_back(from++);
      }
      add_part(table, columns, widths);
    } while (from < widths.size());
  }

  void add_part(const PageTable& table, const std::vector<std::size_t>& columns,
                const std::vector<std::size_t>& widths) {
    std::vector<std::string> names, rules;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      names.push_back(table.columns[i].name);
      rules.emplace_back(widths[i], '-');
    }
    add_row(table, names, columns, widths, true);
    add_row(table, rules, columns, widths, false);
    for (const auto& row : table.rows) add_row(table, row, columns, widths, false);
    text += "\n";
  }

  // Cells that take fewer lines than the others begin at the top; names of columns end at the bottom.
  void add_row(const PageTable& table, const std::vector<std::string>& row, const std::vector<std::size_t>& columns,
               const std::vector<std::size_t>& widths, bool header) {
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 0;
    for (const std::size_t i : columns) {
      cells.push_back(lines_of(row[i], widths[i]));
      height = std::max(height, cells.back().size());
    }
    for (std::size_t line = 0; line < height; ++line) {
      std::string all;
      for (std::size_t k = 0; k < columns.size(); ++k) {
        const std::size_t skipped = header ? height - cells[k].size() : 0;
        const bool there = line >= skipped && line - skipped < cells[k].size();
        all += (k == 0 ? std::string() : std::string(kGap)) +
               padded(there ? cells[k][line - skipped] : "", widths[columns[k]], table.columns[columns[k]].number);
      }
      all.erase(all.find_last_not_of(' ') + 1);
      text += all + "\n";
    }
  }
};

}  // namespace

std::string text_of(const Page& page) {
  Text text;
  text.add_heading(page.title, '=');
  for (const Block& block : page.head) std::visit(text, block);
  for (const Chapter& chapter : page.chapters) {
    text.text += "\n";
    text.add_heading(chapter.title, '=');
    for (const Section& section : chapter.sections) {
      text.add_heading(section.title, '-');
      for (const Block& block : section.blocks) std::visit(text, block);
    }
  }
  text.text.erase(text.text.find_last_not_of('\n') + 1);
  return text.text + "\n";
}

}  // namespace mobasim::cli
