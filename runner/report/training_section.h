#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "runner/report/chart_block.h"
#include "runner/report/run_files.h"

namespace lafs {

/// Points of a line of a page; a longer series is thinned to so many.
inline constexpr size_t most_line_points = 400;

/// A logged value over optimizer steps, with what a reader should know of it.
Chart value_chart(const TrainingLog& log, const Series& series);
/// The loss; without lines where none was logged.
Chart loss_chart(const TrainingLog& log);

/// What the methods of some runs, names and folders, said while they trained, as that one may have collapsed. Empty where none did.
std::string training_warnings_html(const std::vector<std::pair<std::string, std::filesystem::path>>& runs);

/// The parts of a page with everything a training logged: loss and evaluations, schedules, signs of a collapse, speed, and the rest.
/// `results` say which metric of an evaluator comes first. Empty for an empty log.
std::string training_sections(const TrainingLog& log, const std::vector<NamedMetrics>& results, ChartBlock& charts);

}  // namespace lafs
