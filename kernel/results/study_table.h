#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/recipe/row_document.h"
#include "kernel/results/named_metrics.h"
#include "kernel/results/published_file.h"

namespace lafs {

/// What a run, or the stages of a row, measured under one seed.
struct SeedResults {
  int64_t seed = 0;
  std::vector<std::pair<std::string, std::vector<NamedMetrics>>> stages;  ///< a run alone is a stage without a name

  /// Results of the stage, or of the last if the name is empty; null where there is none.
  const std::vector<NamedMetrics>* of_stage(const std::string& stage) const;
  /// A finite value of that stage; null where there is none. `metric` is a full name: "pixels/accuracy".
  const Metric* value(const std::string& stage, const std::string& evaluator, const std::string& metric) const;
};

/// Runs that differ in nothing but their seed: a line of a table.
struct StudyLine {
  std::vector<std::string> labels;  ///< one for each of `Study::label_names`
  std::vector<SeedResults> seeds;
  std::vector<std::string> troubles;  ///< runs that failed or are missing, a sentence each
  std::vector<PublishedValue> published;
  std::vector<std::string> deviations;  ///< what is known to differ from what was published, a sentence each
  std::vector<std::string> warnings;    ///< what runs said while they trained, such as a collapse, a sentence each

  std::string name() const;  ///< the labels, with ", " between them
};

/// What a study was averaged over.
struct StudyAverage {
  std::string axis;
  std::vector<std::string> labels;    ///< of the axis
  std::vector<std::string> left_out;  ///< labels that some lines do not have
};

struct Study {
  std::string title;
  std::vector<std::string> label_names;  ///< "landmarks", "noise"
  std::vector<StudyLine> lines;
  std::vector<OtherMethod> others;  ///< published elsewhere; they stand below the lines
  std::optional<StudyAverage> average = std::nullopt;
};

struct StudyTableOptions {
  /// "EVALUATOR/METRIC" or "METRIC", "-" in front where smaller is better; empty: the first value of each evaluator.
  std::vector<std::string> metrics;
  bool all = false;   ///< every headline in place of those
  std::string stage;  ///< empty: the last that a line has
  /// A line that the others are compared with: its name or a part of it. Or a label, as "LABEL" or "AXIS=LABEL": then each line is compared
  /// with the one that has this label in place of its own, and the same labels otherwise. Empty: the first line.
  std::string against;
};

/// Two means over the same seeds.
struct SeedDifference {
  double mean = 0, standard_error = 0;
  double p = 1;  ///< of a two-sided paired t test; NaN with fewer than two seeds in common, and where all differ alike
  int64_t seeds = 0;
};

struct StudyValue {
  double mean = 0, deviation = 0;  ///< over seeds; a standard deviation of NaN: there is one only
  int64_t seeds = 0;
  double standard_error = 0;                 ///< of the metric itself, where there is one seed; 0: not known
  bool best = false;                         ///< of its column
  std::optional<SeedDifference> difference;  ///< from the line that `StudyTable::against` says
  std::optional<PublishedValue> published;
  bool reproduced = false;  ///< within the tolerance of the published value
};

struct StudyColumn {
  std::string title;  ///< "accuracy", "lfw: accuracy"
  Unit unit = Unit::none;
  bool smaller_is_better = false;
  bool ranked = true;                           ///< it is known which value is better; of others none is marked as the best
  std::optional<double> pixels = std::nullopt;  ///< the same of comparing raw pixels, where all runs measured the same
  bool same_pairs = false;                      ///< known to have been measured on the same pairs of pictures under all seeds
  bool other_pairs = false;                     ///< lines were measured on different pairs of pictures: none is compared with another
};

/// What lines are compared with.
struct StudyComparison {
  std::string name;       ///< of a line, or "AXIS=LABEL"
  bool is_label = false;  ///< each line has a counterpart of its own
  /// [line]: the line that it is compared with; nothing where there is none, as for the line `name` itself.
  std::vector<std::optional<size_t>> counterparts;
  std::vector<size_t> alone;  ///< lines without the label for which there is no counterpart
};

struct StudyTable {
  const Study* study = nullptr;
  std::vector<StudyColumn> columns;
  std::vector<std::vector<std::optional<StudyValue>>> values;  ///< [line][column]; nothing where it was not measured
  std::optional<StudyComparison> against;                      ///< nothing where there is one line only
  std::string other_data;  ///< a warning where runs are known to have been measured on other test data; else empty
  /// Of `Study::others`, [method][column]; nothing where it is not published.
  std::vector<std::vector<std::optional<double>>> others;

  bool has_published() const;
};

/// Throws Error for a stage that no run has; the empty name is every run's last.
void require_stage(const Study& study, const std::string& stage);

/// Means, spreads and tests; `study` must outlive the result. Throws Error for a metric, stage, line or label that no run has, and for a
/// published share above 1.
StudyTable study_table(const Study& study, const StudyTableOptions& options);

/// Formats of `study_table_text`.
const std::vector<std::string>& table_formats();

/// The table as "text", "csv", "markdown", "latex" or "html", with what its numbers are below it, except in CSV. Throws Error for another
/// format.
std::string study_table_text(const StudyTable& table, const std::string& format);

}  // namespace lafs
