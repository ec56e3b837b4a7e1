#include <fmt/format.h>

#include "cli/chart/svg.h"
#include "cli/page/page.h"

namespace mobasim::cli {
namespace {

constexpr std::string_view kStyle = R"(
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.5rem 4rem; color: #1b1b1b; background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Verdana, sans-serif; }
h1 { font-size: 1.7rem; margin: 0.6rem 0; } h2 { font-size: 1.35rem; margin: 2.6rem 0 0.4rem; padding-top: 0.6rem;
  border-top: 2px solid #ccd; } h3 { font-size: 1.05rem; margin: 1.6rem 0 0.3rem; }
p { margin: 0.4rem 0; } nav ol, ul { margin: 0.3rem 0; padding-left: 1.4rem; }
.short { background: #f3f6fb; border-left: 4px solid #3b6fb5; padding: 0.5rem 0.9rem; }
.short h3 { margin-top: 0; }
.warning { background: #fff6e5; border-left: 4px solid #d98b00; padding: 0.35rem 0.9rem; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: 0.15rem 1.2rem; margin: 0.4rem 0; }
dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; } table { border-collapse: collapse; margin: 0.5rem 0; font-size: 0.9rem; }
caption { text-align: left; color: #555; padding-bottom: 0.2rem; }
th, td { padding: 0.18rem 0.7rem; border-bottom: 1px solid #e3e3e8; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #99a; vertical-align: bottom; }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; } td.n { white-space: nowrap; }
figure { margin: 0.8rem 0; } figure svg { max-width: 100%; height: auto; } figcaption { color: #555; font-size: 0.9rem; }
@media print { h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; } }
)";

std::string escaped(std::string_view text) { return svg_escaped(text); }

struct Html {
  std::string text;

  void operator()(const Paragraph& paragraph) {
    text += fmt::format("<p{}>{}</p>\n", paragraph.warning ? " class=\"warning\"" : "", escaped(paragraph.text));
  }

  void operator()(const Bullets& bullets) {
    text += "<ul>\n";
    for (const std::string& item : bullets.items) text += fmt::format("<li>{}</li>\n", escaped(item));
    text += "</ul>\n";
  }

  void operator()(const Facts& facts) {
    text += "<dl>\n";
    for (const auto& [name, value] : facts.rows) {
      text += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
    }
    text += "</dl>\n";
  }

  void operator()(const PageTable& table) {
    text += "<div class=\"table\"><table>\n";
    if (!table.caption.empty()) text += fmt::format("<caption>{}</caption>\n", escaped(table.caption));
    const auto side = [&](std::size_t column) { return table.columns[column].number ? " class=\"n\"" : ""; };
    text += "<thead><tr>";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      text += fmt::format("<th scope=\"col\"{}>{}</th>", side(i), escaped(table.columns[i].name));
    }
    text += "</tr></thead>\n<tbody>\n";
    for (const auto& row : table.rows) {
      text += "<tr>";
      for (std::size_t i = 0; i < row.size(); ++i) text += fmt::format("<td{}>{}</td>", side(i), escaped(row[i]));
      text += "</tr>\n";
    }
    text += "</tbody></table></div>\n";
  }

  void operator()(const PageChart& chart) {
    const std::size_t begin = chart.svg.find("<svg");  // after the XML declaration, which HTML does not know
    text += "<figure>\n" + chart.svg.substr(begin) +
            fmt::format("<figcaption>{}</figcaption>\n</figure>\n", escaped(chart.caption));
  }
};

void add_contents(Html& html, const Page& page) {
  if (page.chapters.size() < 2) return;
  html.text += "<nav aria-label=\"Contents\">\n<h2>Contents</h2>\n<ol>\n";
  for (std::size_t i = 0; i < page.chapters.size(); ++i) {
    html.text += fmt::format("<li><a href=\"#chapter-{}\">{}</a></li>\n", i + 1, escaped(page.chapters[i].title));
  }
  html.text += "</ol>\n</nav>\n";
}

// The first section of a chapter is what it comes to, and stands out.
void add_chapter(Html& html, const Chapter& chapter, std::size_t number) {
  html.text += fmt::format("<section id=\"chapter-{}\">\n<h2>{}</h2>\n", number, escaped(chapter.title));
  for (const Section& section : chapter.sections) {
    html.text += fmt::format("<section{}>\n<h3>{}</h3>\n",
                             &section == &chapter.sections.front() ? " class=\"short\"" : "", escaped(section.title));
    for (const Block& block : section.blocks) std::visit(html, block);
    html.text += "</section>\n";
  }
  html.text += "</section>\n";
}

}  // namespace

std::string html_of(const Page& page) {
  Html html;
  html.text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n",
      escaped(page.title), kStyle);
  for (const Block& block : page.head) std::visit(html, block);
  add_contents(html, page);
  for (std::size_t i = 0; i < page.chapters.size(); ++i) add_chapter(html, page.chapters[i], i + 1);
  return html.text + "</main>\n</body>\n</html>\n";
}

}  // namespace mobasim::cli
