#include "runner/tools/table/grid_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/html_text.h"
#include "kernel/results/results_table.h"
#include "kernel/results/unit_text.h"
#include "kernel/run/grid_folder.h"
#include "runner/report/compared_runs.h"
#include "runner/report/page.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::optional<double> number_of(const std::string& label) {
  double number = 0;
  const auto [end, fault] = std::from_chars(label.data(), label.data() + label.size(), number);
  return fault == std::errc() && end == label.data() + label.size() ? std::optional(number) : std::nullopt;
}

/// "+0.50 points ± 0.20"; without the spread where it is the same in all seeds.
std::string apart_text(const SeedDifference& apart, Unit unit) {
  const double scale = shown_scale(unit);
  const std::string mean = fmt::format("{:+.{}f}{}", scale * apart.mean, shown_digits(unit), unit == Unit::share ? " points" : "");
  return std::isfinite(apart.p) ? fmt::format("{} ± {:.{}f}", mean, scale * apart.standard_error, shown_digits(unit)) : mean;
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
        text += fmt::format("; the difference from \"{}\" is {} ({}{} seeds)",
                            html_text(table.study->lines[*table.against->counterparts[line]].name()), apart_text(apart, unit),
                            std::isfinite(apart.p) ? fmt::format("p = {:.3f} over ", apart.p) : "", apart.seeds);
      }
      if (const auto& pixels = table.columns[column].pixels) {
        const bool smaller = table.columns[column].smaller_is_better;
        const bool beaten = smaller ? value->mean < *pixels : value->mean > *pixels;
        text +=
            fmt::format("; raw pixels have {}{}", metric_text({.value = *pixels, .unit = unit}), beaten ? "" : ", which no setting beats");
      }
      out += fmt::format("<p class=\"answer\">{}.</p>\n", text);
    }
  }
  return out;
}

std::string shown_unit(const StudyColumn& column) { return column.unit == Unit::share ? "%" : std::string(unit_text(column.unit)); }

/// Half the length of the line beside a mean: the deviation over seeds, or of one seed the metric's own error. NaN where neither is known.
double spread_of(const StudyValue& value) {
  if (value.seeds > 1) return value.deviation;
  return value.standard_error > 0 ? value.standard_error : NAN;
}

/// The value of every line of the table with its spread.
Chart line_chart(size_t column, const StudyTable& table) {
  Chart chart{table.columns[column].title, shown_unit(table.columns[column]), "", false, {{"mean", {}, {}}}};
  chart.about = "means with their standard deviation over seeds, or of one seed with its standard error";
  Series& series = chart.series.front();
  const double scale = shown_scale(table.columns[column].unit);
  for (size_t line = 0; line < table.study->lines.size(); ++line) {
    const auto& value = table.values[line][column];
    const double mean = value ? scale * value->mean : NAN, spread = value ? scale * spread_of(*value) : NAN;
    chart.labels.push_back(table.study->lines[line].name());
    series.y.push_back(mean);
    series.low.push_back(mean - spread);
    series.high.push_back(mean + spread);
  }
  return chart;
}

/// Means over an axis whose labels are numbers, a line for each setting of the others; without lines for an axis of words or of one number.
Chart curve_over(size_t axis, size_t column, const StudyTable& table) {
  const Study& study = *table.study;
  Chart chart{table.columns[column].title + " over " + study.label_names[axis],
              study.label_names[axis],
              shown_unit(table.columns[column]),
              false,
              {}};
  std::vector<double> places;
  const double scale = shown_scale(table.columns[column].unit);
  for (size_t line = 0; line < study.lines.size(); ++line) {
    const auto x = number_of(study.lines[line].labels[axis]);
    if (!x) return {};
    std::vector<std::string> others = study.lines[line].labels;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(axis));
    const std::string name = others.empty() ? "mean" : fmt::format("{}", fmt::join(others, ", "));
    auto series = std::find_if(chart.series.begin(), chart.series.end(), [&](const Series& one) { return one.name == name; });
    if (series == chart.series.end()) series = chart.series.insert(chart.series.end(), {name, {}, {}});
    if (!table.values[line][column]) continue;
    const StudyValue& value = *table.values[line][column];
    const double spread = std::isfinite(spread_of(value)) ? spread_of(value) : 0;
    series->x.push_back(*x);
    series->y.push_back(scale * value.mean);
    series->low.push_back(scale * (value.mean - spread));
    series->high.push_back(scale * (value.mean + spread));
    if (std::find(places.begin(), places.end(), *x) == places.end()) places.push_back(*x);
  }
  return places.size() > 1 ? chart : Chart();
}

std::string grid_charts(const StudyTable& table, ChartBlock& charts) {
  std::vector<Chart> lines, curves;
  for (size_t column = 0; column < table.columns.size(); ++column) {
    lines.push_back(line_chart(column, table));
    for (size_t axis = 0; axis < table.study->label_names.size(); ++axis) curves.push_back(curve_over(axis, column, table));
  }
  return charts.section("Side by side", lines) + charts.section("Over the axes", curves);
}

/// The run of a cell, or of its stage that is compared.
fs::path run_of(const fs::path& folder, const GridRecord& grid, const RecordedCell& cell) {
  return cell_folder(folder, cell.name) / (grid.stage.empty() ? "run" : grid.stage);
}

/// How the cells of the first seed trained, over each other, if they are few enough to be told apart: of rows, the stage that is compared.
std::string training_charts(const fs::path& folder, const GridRecord& grid, ChartBlock& charts) {
  constexpr size_t most_curves = 8;
  std::vector<std::pair<std::string, fs::path>> runs;
  for (const RecordedCell& cell : grid.cells) {
    const fs::path place = run_of(folder, grid, cell);
    if (cell.seed == grid.cells.front().seed && fs::exists(place / "metrics.jsonl"))
      runs.emplace_back(fmt::format("{}", fmt::join(cell.labels, ", ")), place);
  }
  if (runs.size() < 2 || runs.size() > most_curves) return "";
  return charts.section(fmt::format("Training, seed {}", grid.cells.front().seed), compared_charts(runs));
}

/// What was varied, and how often each was trained.
std::string grid_question(const GridRecord& grid, const StudyTable& table) {
  std::set<int64_t> seeds;
  for (const RecordedCell& cell : grid.cells) seeds.insert(cell.seed);
  std::vector<std::string> metrics;
  for (const StudyColumn& column : table.columns) metrics.push_back(html_text(column.title));
  std::vector<std::string> axes;
  for (const std::string& axis : grid.axes) axes.push_back(html_text(axis));
  return fmt::format(
      "<p class=\"question\">{} settings of <b>{}</b>, {} seed{} each; compared by <b>{}</b>.</p>\n<p class=\"facts\">{} cells</p>\n",
      table.study->lines.size(), fmt::join(axes, "</b> and <b>"), seeds.size(), seeds.size() == 1 ? "" : "s",
      fmt::join(metrics, "</b>, <b>"), grid.cells.size());
}

std::string cells(const fs::path& folder, const GridRecord& grid) {
  std::string rows;
  for (const RecordedCell& cell : grid.cells) {
    const fs::path place = cell_folder(folder, cell.name);
    const std::string failure = cell_failure(place);
    const bool finished = failure.empty() && fs::exists(place / "results.json");
    const std::string state = finished ? "finished" : failure.empty() ? "not run yet" : "failed: " + failure;
    const std::string name = html_text(cell.name);
    rows +=
        fmt::format("<tr><td>{}</td><td>{}</td></tr>\n",
                    finished ? fmt::format("<a href=\"cells/{}/report.html\">{}</a>", link_text(cell.name), name) : name, html_text(state));
  }
  return "<h2>Cells</h2>\n<div class=\"scroll\"><table><tr><th>Cell</th><th>State</th></tr>\n" + rows + "</table></div>\n";
}

}  // namespace

std::string grid_report_page(const fs::path& folder, const StudyTable& table) {
  const GridRecord grid = read_grid_record(folder);
  const std::string title = grid.title.empty() ? folder_name(folder) : grid.title;
  ChartBlock charts;
  std::string body = fmt::format("<h1>{}</h1>\n", html_text(title)) + grid_question(grid, table);
  body += answers(table) + "<div class=\"scroll\">" + study_table_text(table, "html") + "</div>\n";
  body += grid_charts(table, charts) + training_charts(folder, grid, charts) + cells(folder, grid);
  return page_text(title, body, charts);
}

void write_grid_report(const fs::path& folder, const StudyTable& table) { write_page(folder, grid_report_page(folder, table)); }

}  // namespace lafs
