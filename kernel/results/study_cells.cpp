#include "kernel/results/study_cells.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/results/unit_text.h"

namespace lafs {

namespace {

std::string number(double value, Unit unit, bool sign = false) {
  if (!std::isfinite(value)) return "-";
  const double shown = value * shown_scale(unit);
  return sign ? fmt::format("{:+.{}f}", shown, shown_digits(unit)) : fmt::format("{:.{}f}", shown, shown_digits(unit));
}

std::string p_text(double p) {
  if (!std::isfinite(p)) return "-";
  return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p);
}

std::string value_text(const StudyValue& value, Unit unit) {
  const std::string mean = number(value.mean, unit);
  if (std::isfinite(value.deviation)) return fmt::format("{} ± {}", mean, number(value.deviation, unit));
  return value.standard_error > 0 ? fmt::format("{} (± {})", mean, number(value.standard_error, unit)) : mean;
}

std::string difference_text(const SeedDifference& difference, Unit unit) {
  const std::string mean = number(difference.mean, unit, true);
  return std::isfinite(difference.standard_error) ? fmt::format("{} ± {}", mean, number(difference.standard_error, unit)) : mean;
}

std::string title_of(const StudyColumn& column) {
  if (column.unit == Unit::none) return column.title;
  return fmt::format("{}, {}", column.title, unit_text(column.unit == Unit::share ? Unit::percent : column.unit));
}

/// Lines with fewer seeds than the table has say how many.
size_t most_seeds(const StudyTable& table) {
  size_t most = 0;
  for (const StudyLine& line : table.study->lines) most = std::max(most, line.seeds.size());
  return most;
}

bool has_value(const std::vector<std::optional<double>>& values) {
  return std::any_of(values.begin(), values.end(), [](const auto& value) { return value.has_value(); });
}

class CellsMaker {
 public:
  explicit CellsMaker(const StudyTable& table) : table_(table), study_(*table.study), most_(most_seeds(table)) {}

  StudyCells make() {
    grid_.head = study_.label_names;
    grid_.labels = study_.label_names.size();
    const bool uneven = std::any_of(study_.lines.begin(), study_.lines.end(), [&](const auto& line) { return line.seeds.size() != most_; });
    if (uneven) grid_.head.push_back("seeds");
    for (const StudyColumn& column : table_.columns) {
      grid_.head.push_back(title_of(column));
      if (table_.against) grid_.head.insert(grid_.head.end(), {"difference", "p"});
      if (table_.has_published()) grid_.head.insert(grid_.head.end(), {"published", "ours - published", "verdict"});
    }
    for (size_t line = 0; line < study_.lines.size(); ++line) add(line, uneven);
    const auto pixels = pixels_row(table_);
    if (!pixels.empty()) add_numbers(pixels_name, pixels, uneven);
    for (size_t other = 0; other < table_.others.size(); ++other) {
      if (has_value(table_.others[other])) add_numbers(study_.others[other].name() + " (published)", table_.others[other], uneven);
    }
    return std::move(grid_);
  }

 private:
  void add(size_t number_of_line, bool uneven) {
    const StudyLine& line = study_.lines[number_of_line];
    std::vector<std::string> cells = line.labels;
    std::vector<bool> best(cells.size(), false);
    if (uneven) cells.push_back(std::to_string(line.seeds.size()));
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      best.resize(cells.size(), false);
      add_value(table_.values[number_of_line][i], table_.columns[i].unit, cells, best);
    }
    best.resize(cells.size(), false);
    grid_.lines.push_back(std::move(cells));
    grid_.best.push_back(std::move(best));
  }

  /// What was not measured on the lines of the study: a number a column.
  void add_numbers(const std::string& name, const std::vector<std::optional<double>>& values, bool uneven) {
    std::vector<std::string> cells(study_.label_names.size());
    if (!cells.empty()) cells.front() = name;
    if (uneven) cells.emplace_back();
    for (size_t i = 0; i < values.size(); ++i) {
      cells.push_back(values[i] ? number(*values[i], table_.columns[i].unit) : "-");
      cells.resize(cells.size() + (table_.against ? 2 : 0) + (table_.has_published() ? 3 : 0));
    }
    grid_.best.emplace_back(cells.size(), false);
    grid_.lines.push_back(std::move(cells));
  }

  void add_value(const std::optional<StudyValue>& value, Unit unit, std::vector<std::string>& cells, std::vector<bool>& best) const {
    cells.push_back(value ? value_text(*value, unit) : "-");
    best.push_back(value && value->best);
    if (table_.against) {
      const bool compared = value && value->difference;
      cells.push_back(compared ? difference_text(*value->difference, unit) : "");
      cells.push_back(compared ? p_text(value->difference->p) : "");
    }
    if (!table_.has_published()) return;
    const bool published = value && value->published;
    cells.push_back(published ? number(value->published->value, unit) : "");
    cells.push_back(published ? number(value->mean - value->published->value, unit, true) : "");
    cells.push_back(published ? (value->reproduced ? "within " : "outside ") + number(value->published->tolerance, unit) : "");
  }

  const StudyTable& table_;
  const Study& study_;
  size_t most_;
  StudyCells grid_;
};

/// What is said of lines, with the name of the line in front, or once where it is said of all.
void add_by_line(const StudyTable& table, std::vector<std::string>& notes,
                 const std::function<std::vector<std::string>(const StudyLine&)>& sentences_of) {
  std::vector<std::pair<std::string, std::vector<std::string>>> said;  // and of which lines
  for (const StudyLine& line : table.study->lines) {
    for (const std::string& sentence : sentences_of(line)) {
      auto known = std::find_if(said.begin(), said.end(), [&](const auto& one) { return one.first == sentence; });
      if (known == said.end()) known = said.insert(said.end(), {sentence, {}});
      known->second.push_back(line.name());
    }
  }
  for (const auto& [sentence, lines] : said) {
    if (lines.size() == table.study->lines.size()) {
      notes.push_back(sentence);
    } else {
      for (const std::string& line : lines) notes.push_back(fmt::format("{}: {}", line, sentence));
    }
  }
}

/// What a value and its spread are.
void add_spread_notes(const StudyTable& table, std::vector<std::string>& notes) {
  const size_t seeds = most_seeds(table);
  const auto& average = table.study->average;
  if (average) {
    notes.push_back(
        fmt::format("each value is the mean over {} ({}), taken in each seed", average->axis, fmt::join(average->labels, ", ")));
    if (!average->left_out.empty())
      notes.push_back(
          fmt::format("{} = {} is left out of it, because not all lines have it", average->axis, fmt::join(average->left_out, ", ")));
  }
  if (seeds > 1) notes.push_back(fmt::format("mean ± standard deviation over {} seeds", seeds));
  if (seeds == 1)
    notes.push_back(average ? "one seed: nothing is known of the spread"
                            : "one run a line; (±) is the standard error that the evaluator gives");
}

void add_difference_notes(const StudyTable& table, const StudyComparison& against, std::vector<std::string>& notes) {
  int64_t tests = 0;
  for (const auto& row : table.values) {
    tests += std::count_if(row.begin(), row.end(),
                           [](const auto& value) { return value && value->difference && std::isfinite(value->difference->p); });
  }
  std::string text = against.is_label ? fmt::format("from the line with {} and otherwise the same labels", against.name)
                                      : fmt::format("from \"{}\"", against.name);
  text = fmt::format("difference: mean ± standard error over seeds in common, {}", text);
  if (tests > 0) text += fmt::format("; p: two-sided paired t test, not corrected for {} comparison{}", tests, tests == 1 ? "" : "s");
  notes.push_back(text);
  const auto& columns = table.columns;
  if (tests > 0 && table.other_data.empty() &&
      std::all_of(columns.begin(), columns.end(), [](const StudyColumn& column) { return column.same_pairs; }))
    notes.push_back(
        "all seeds are measured on the same pairs of pictures: p says whether chance in training explains a difference, and nothing of "
        "what other people would give");
  for (const size_t line : against.alone) {
    const std::string name = table.study->lines[line].name();
    notes.push_back(fmt::format("{}: no difference, because no line with {} has otherwise the same labels", name, against.name));
  }
}

}  // namespace

std::vector<std::optional<double>> pixels_row(const StudyTable& table) {
  std::vector<std::optional<double>> row;
  for (const StudyColumn& column : table.columns) row.push_back(column.pixels);
  return has_value(row) && !table.study->label_names.empty() ? row : std::vector<std::optional<double>>();
}

StudyCells study_cells(const StudyTable& table) { return CellsMaker(table).make(); }

/// What stands below the table, a sentence each.
std::vector<std::string> study_notes(const StudyTable& table) {
  std::vector<std::string> notes;
  add_spread_notes(table, notes);
  if (table.against) add_difference_notes(table, *table.against, notes);
  for (const StudyColumn& column : table.columns) {
    if (column.other_pairs)
      notes.push_back(fmt::format("{}: measured on different pairs of pictures, so that no line is compared with another", column.title));
  }
  if (!pixels_row(table).empty())
    notes.push_back(fmt::format("{}: the same protocol on grey values, compared by correlation; no network", pixels_name));
  add_by_line(table, notes, [](const StudyLine& line) {
    std::vector<std::string> sentences;
    for (const std::string& deviation : line.deviations) sentences.push_back("known deviation: " + deviation);
    for (const PublishedValue& published : line.published) {
      if (!published.source.empty()) sentences.push_back(fmt::format("published {}: {}", published.metric, published.source));
    }
    return sentences;
  });
  for (const StudyLine& line : table.study->lines) notes.insert(notes.end(), line.troubles.begin(), line.troubles.end());
  size_t without = 0;
  for (size_t i = 0; i < table.others.size(); ++i) {
    const OtherMethod& other = table.study->others[i];
    without += has_value(table.others[i]) ? 0 : 1;
    if (has_value(table.others[i])) notes.push_back(fmt::format("{}: published, not measured here: {}", other.name(), other.source));
  }
  if (without > 0) notes.push_back(fmt::format("{} of {} published methods have none of these values", without, table.others.size()));
  return notes;
}

std::vector<std::string> study_warnings(const StudyTable& table) {
  std::vector<std::string> warnings;
  if (!table.other_data.empty()) warnings.push_back(table.other_data);
  for (const StudyLine& line : table.study->lines) {
    for (const std::string& warning : line.warnings) warnings.push_back(fmt::format("\"{}\", {}", line.name(), warning));
  }
  return warnings;
}

}  // namespace lafs
