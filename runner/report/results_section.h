#pragma once
#include <string>
#include <utility>
#include <vector>

#include "kernel/results/named_metrics.h"

namespace lafs {

/// What stands beside each other in one table of results: a column for the model of each, one for each thing measured beside it.
struct ComparedResults {
  std::string title;  ///< of the column: a stage's name, "model"
  std::vector<NamedMetrics> evaluators;
};

/// A published value for the table.
struct PublishedCell {
  std::string evaluator, metric, text;  ///< of any evaluator where that is empty
};

/// One table: a line for each metric of each evaluator, and a column for each of `compared`. What was measured beside the models, such as
/// the pixels alone, has one more column where it is the same for all. Metrics that are no headlines are in grey. Empty where nothing was
/// measured.
std::string results_table_html(const std::vector<ComparedResults>& compared, const std::vector<PublishedCell>& published = {});

/// Warnings of all of them, each once, with the columns and evaluators that gave it where others did not.
std::string warnings_html(const std::vector<ComparedResults>& compared);
/// The same of the notes, under a heading.
std::string notes_section(const std::vector<ComparedResults>& compared);

/// Ranked lists, folded.
std::string lists_html(const std::vector<NamedMetrics>& evaluators);

}  // namespace lafs
