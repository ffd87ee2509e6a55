#include "runner/tools/table/grid_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/html_text.h"
#include "kernel/results/results_table.h"
#include "kernel/run/grid_folder.h"
#include "runner/report/chart.h"
#include "runner/report/page.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::optional<double> number_of(const std::string& label) {
  double number = 0;
  const auto [end, fault] = std::from_chars(label.data(), label.data() + label.size(), number);
  return fault == std::errc() && end == label.data() + label.size() ? std::optional(number) : std::nullopt;
}

/// "accuracy: 74.00 % is best, with noise 5; 0.03 more than ...": a sentence for each column.
std::string answers(const StudyTable& table) {
  std::string out;
  for (size_t column = 0; column < table.columns.size(); ++column) {
    for (size_t line = 0; line < table.values.size(); ++line) {
      const auto& value = table.values[line][column];
      if (!value || !value->best) continue;
      const Unit unit = table.columns[column].unit;
      std::string text = fmt::format("Best {}: <b>{}</b> with \"{}\"", html_text(table.columns[column].title),
                                     metric_text({.value = value->mean, .unit = unit}), html_text(table.study->lines[line].name()));
      if (value->difference && value->difference->seeds > 1) {
        const SeedDifference& apart = *value->difference;
        text += fmt::format("; the difference from \"{}\" is {} (p = {:.3f} over {} seeds)",
                            html_text(table.study->lines[*table.against].name()),
                            metric_text({.value = apart.mean, .standard_error = apart.standard_error, .unit = unit}), apart.p, apart.seeds);
      }
      out += fmt::format("<p class=\"answer\">{}.</p>\n", text);
    }
  }
  return out;
}

/// Means over an axis whose labels are numbers, a line for each setting of the others; empty for an axis of words or of one number.
std::string curve_over(size_t axis, size_t column, const StudyTable& table) {
  const Study& study = *table.study;
  Chart chart{
      table.columns[column].title + " over " + study.label_names[axis], study.label_names[axis], table.columns[column].title, false, {}};
  std::vector<double> places;
  for (size_t line = 0; line < study.lines.size(); ++line) {
    const auto x = number_of(study.lines[line].labels[axis]);
    if (!x) return "";
    std::vector<std::string> others = study.lines[line].labels;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(axis));
    const std::string name = others.empty() ? "mean" : fmt::format("{}", fmt::join(others, ", "));
    auto series = std::find_if(chart.series.begin(), chart.series.end(), [&](const Series& one) { return one.name == name; });
    if (series == chart.series.end()) series = chart.series.insert(chart.series.end(), {name, {}, {}});
    if (!table.values[line][column]) continue;
    series->x.push_back(*x);
    series->y.push_back(table.values[line][column]->mean);
    if (std::find(places.begin(), places.end(), *x) == places.end()) places.push_back(*x);
  }
  return places.size() > 1 ? chart_svg(chart) : "";
}

std::string curves(const StudyTable& table) {
  std::string charts;
  for (size_t column = 0; column < table.columns.size(); ++column) {
    for (size_t axis = 0; axis < table.study->label_names.size(); ++axis) charts += curve_over(axis, column, table);
  }
  return charts.empty() ? "" : "<h2>Over the axes</h2>\n<div class=\"charts\">\n" + charts + "</div>\n";
}

std::string cells(const fs::path& folder, const GridRecord& grid) {
  std::string rows;
  for (const RecordedCell& cell : grid.cells) {
    const fs::path place = cell_folder(folder, cell.name);
    const std::string failure = cell_failure(place);
    const bool finished = failure.empty() && fs::exists(place / "results.json");
    const std::string state = finished ? "finished" : failure.empty() ? "not run yet" : "failed: " + failure;
    const std::string name = html_text(cell.name);
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n",
                        finished ? fmt::format("<a href=\"cells/{0}/report.html\">{0}</a>", name) : name, html_text(state));
  }
  return "<h2>Cells</h2>\n<div class=\"scroll\"><table><tr><th>Cell</th><th>State</th></tr>\n" + rows + "</table></div>\n";
}

}  // namespace

void write_grid_report(const fs::path& folder, const StudyTable& table) {
  const GridRecord grid = read_grid_record(folder);
  const std::string title = grid.title.empty() ? folder_name(folder) : grid.title;
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"facts\">grid of {} cells</p>\n", html_text(title), grid.cells.size());
  body += answers(table) + "<div class=\"scroll\">" + study_table_text(table, "html") + "</div>\n";
  write_page(folder, title, body + curves(table) + cells(folder, grid));
}

}  // namespace lafs
