#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "runner/report/chart.h"

namespace lafs {

/// Charts in which the curves of several runs lie over each other: everything that two of them logged, and ROC curves and metrics of the
/// evaluators that have one name. `runs` are names and run folders; files that are absent leave their curves out.
std::vector<Chart> compared_charts(const std::vector<std::pair<std::string, std::filesystem::path>>& runs);

}  // namespace lafs
