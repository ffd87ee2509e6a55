#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/html_text.h"
#include "kernel/results/study_cells.h"
#include "kernel/results/text_width.h"
#include "kernel/results/unit_text.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

using Cells = std::vector<std::string>;

std::string escaped(const std::string& text, const std::function<std::string(char)>& as) {
  std::string out;
  for (const char c : text) out += as(c);
  return out;
}

std::string latex(const std::string& text) {
  std::string out = escaped(text, [](char c) -> std::string {
    if (c == '\\') return "\\textbackslash{}";
    if (c == '~') return "\\textasciitilde{}";
    if (c == '^') return "\\textasciicircum{}";
    return std::string("&%$#_{}").find(c) != std::string::npos ? std::string{'\\', c} : std::string{c};
  });
  for (size_t at = 0; (at = out.find("±", at)) != std::string::npos;) out.replace(at, std::string("±").size(), "$\\pm$");
  return out;
}

std::string csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  return "\"" + escaped(text, [](char c) { return c == '"' ? std::string("\"\"") : std::string{c}; }) + "\"";
}

std::string csv_line(const Cells& cells) {
  Cells parts;
  std::transform(cells.begin(), cells.end(), std::back_inserter(parts), csv);
  return fmt::format("{}\n", fmt::join(parts, ","));
}

std::string as_text(const StudyCells& grid, const StudyTable& table) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < grid.head.size(); ++i) {
    size_t width = text_width(grid.head[i]);
    for (size_t line = 0; line < grid.lines.size(); ++line)
      width = std::max(width, text_width(grid.lines[line][i]) + (grid.best[line][i] ? 2 : 0));
    widths.push_back(width);
  }
  const auto line_of = [&](const Cells& cells, const std::vector<bool>& best) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = best.empty() || !best[i] ? cells[i] : "* " + cells[i];
      line += (i ? "  " : "") + (i < grid.labels ? padded_right(cell, widths[i]) : padded_left(cell, widths[i]));
    }
    return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  std::string out = table.study->title.empty() ? "" : table.study->title + "\n\n";
  out += line_of(grid.head, {});
  for (size_t i = 0; i < grid.lines.size(); ++i) out += line_of(grid.lines[i], grid.best[i]);
  const bool has_best = std::any_of(grid.best.begin(), grid.best.end(),
                                    [](const auto& line) { return std::find(line.begin(), line.end(), true) != line.end(); });
  if (has_best) out += "\n* best of its column";
  for (const std::string& note : study_notes(table)) out += "\n" + note;
  for (const std::string& warning : study_warnings(table)) out += "\nwarning: " + warning;
  return out + "\n";
}

std::string as_markdown(const StudyCells& grid, const StudyTable& table) {
  const auto cell = [](const std::string& text) {
    return escaped(text, [](char c) { return c == '|' ? std::string("\\|") : std::string{c}; });
  };
  const auto line_of = [&](const Cells& cells, const std::vector<bool>& best) {
    std::string line = "|";
    for (size_t i = 0; i < cells.size(); ++i)
      line += !best.empty() && best[i] ? fmt::format(" **{}** |", cell(cells[i])) : fmt::format(" {} |", cell(cells[i]));
    return line + "\n";
  };
  std::string out = table.study->title.empty() ? "" : fmt::format("**{}**\n\n", table.study->title);
  out += line_of(grid.head, {}) + "|";
  for (size_t i = 0; i < grid.head.size(); ++i) out += i < grid.labels ? "---|" : "--:|";
  out += "\n";
  for (size_t i = 0; i < grid.lines.size(); ++i) out += line_of(grid.lines[i], grid.best[i]);
  for (const std::string& note : study_notes(table)) out += fmt::format("\n{}\n", note);
  for (const std::string& warning : study_warnings(table)) out += fmt::format("\nwarning: {}\n", warning);
  return out;
}

std::string as_latex(const StudyCells& grid, const StudyTable& table) {
  const auto line_of = [](const Cells& cells, const std::vector<bool>& best) {
    Cells parts;
    for (size_t i = 0; i < cells.size(); ++i)
      parts.push_back(!best.empty() && best[i] ? "\\textbf{" + latex(cells[i]) + "}" : latex(cells[i]));
    return fmt::format("{} \\\\\n", fmt::join(parts, " & "));
  };
  std::string out =
      fmt::format("\\begin{{tabular}}{{{}{}}}\n\\hline\n", std::string(grid.labels, 'l'), std::string(grid.head.size() - grid.labels, 'r'));
  out += line_of(grid.head, {}) + "\\hline\n";
  for (size_t i = 0; i < grid.lines.size(); ++i) out += line_of(grid.lines[i], grid.best[i]);
  out += "\\hline\n\\end{tabular}\n";
  for (const std::string& note : study_notes(table)) out += "% " + note + "\n";
  for (const std::string& warning : study_warnings(table)) out += "% warning: " + warning + "\n";
  return out;
}

std::string as_html(const StudyCells& grid, const StudyTable& table) {
  std::string out = "<table>\n";
  if (!table.study->title.empty()) out += fmt::format("<caption>{}</caption>\n", html_text(table.study->title));
  out += "<thead><tr>";
  for (const std::string& head : grid.head) out += fmt::format("<th>{}</th>", html_text(head));
  out += "</tr></thead>\n<tbody>\n";
  for (size_t line = 0; line < grid.lines.size(); ++line) {
    out += "<tr>";
    for (size_t i = 0; i < grid.head.size(); ++i)
      out += fmt::format("<td{}>{}</td>", grid.best[line][i] ? " class=\"best\"" : "", html_text(grid.lines[line][i]));
    out += "</tr>\n";
  }
  out += "</tbody>\n</table>\n";
  for (const std::string& note : study_notes(table)) out += fmt::format("<p class=\"note\">{}</p>\n", html_text(note));
  std::string items;
  for (const std::string& warning : study_warnings(table)) items += fmt::format("<li><b>warning</b>: {}</li>\n", html_text(warning));
  return items.empty() ? out : out + "<ul class=\"notes warnings\">\n" + items + "</ul>\n";
}

std::string exact(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

/// A value of a line that has no seeds, under the head of `as_csv`: at place 3 a mean, at 9 what was published.
std::string csv_number(const StudyTable& table, size_t labels, const std::string& name, size_t column, size_t place, double value) {
  Cells cells(labels + 12);
  if (labels > 0) cells.front() = name;
  cells[labels] = table.columns[column].title;
  cells[labels + 1] = unit_text(table.columns[column].unit);
  cells[labels + place] = exact(value);
  return csv_line(cells);
}

/// A line for every value, with numbers as they are: shares in [0, 1].
std::string as_csv(const StudyCells& grid, const StudyTable& table) {
  Cells head(grid.head.begin(), grid.head.begin() + static_cast<std::ptrdiff_t>(grid.labels));
  head.insert(head.end(), {"metric", "unit", "seeds", "mean", "standard_deviation", "best", "difference", "standard_error_of_difference",
                           "p", "published", "tolerance", "reproduced"});
  std::string out = csv_line(head);
  for (size_t line = 0; line < table.values.size(); ++line) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const auto& value = table.values[line][i];
      if (!value) continue;
      Cells cells = table.study->lines[line].labels;
      cells.insert(cells.end(), {table.columns[i].title, std::string(unit_text(table.columns[i].unit)), std::to_string(value->seeds),
                                 exact(value->mean), exact(value->deviation), value->best ? "true" : "false"});
      const SeedDifference none{NAN, NAN, NAN, 0};
      const SeedDifference& difference = value->difference ? *value->difference : none;
      cells.insert(cells.end(), {exact(difference.mean), exact(difference.standard_error), exact(difference.p)});
      if (value->published) {
        cells.insert(cells.end(),
                     {exact(value->published->value), exact(value->published->tolerance), value->reproduced ? "true" : "false"});
      } else {
        cells.insert(cells.end(), 3, "");
      }
      out += csv_line(cells);
    }
  }
  const auto pixels = pixels_row(table);
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i]) out += csv_number(table, grid.labels, pixels_name, i, 3, *pixels[i]);
  }
  for (size_t other = 0; other < table.others.size(); ++other) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (const auto& value = table.others[other][i])
        out += csv_number(table, grid.labels, table.study->others[other].name(), i, 9, *value);
    }
  }
  return out;
}

}  // namespace

const std::vector<std::string>& table_formats() {
  static const std::vector<std::string> formats{"text", "csv", "markdown", "latex", "html"};
  return formats;
}

std::string study_table_text(const StudyTable& table, const std::string& format) {
  const StudyCells grid = study_cells(table);
  if (format == "text") return as_text(grid, table);
  if (format == "csv") return as_csv(grid, table);
  if (format == "markdown") return as_markdown(grid, table);
  if (format == "latex") return as_latex(grid, table);
  if (format == "html") return as_html(grid, table);
  throw Error(fmt::format("no format \"{}\" of a table{}", format, suggestion(format, table_formats())));
}

}  // namespace lafs
