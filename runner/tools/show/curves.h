#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "runner/report/chart.h"
#include "runner/tools/compare/scored_results.h"

namespace lafs {

/// A sheet of the curves that evaluators of pairs found: ROC, detection error tradeoff, and histograms of scores.
struct ShowCurves {
  std::vector<std::filesystem::path> models;  ///< run folders, or JSON files of `lafs eval --out`
  std::filesystem::path out = "curves.png";
  std::string evaluator;  ///< only this one; empty: all
  bool force = false;     ///< overwrite the file
};

/// The charts of the sheet, evaluator by evaluator. Titles name the evaluator, and where several models were given but one alone is drawn,
/// the model too: "lfw: arcface: scores". Throws Error for an evaluator that no model has. [any thread]
std::vector<Chart> charts_of(const std::vector<ScoredResults>& models, const std::string& only);

/// Writes the sheet as PNG, and prints its size to standard error. Several models share each chart. Throws Error, before any work for a
/// file that exists and must not be overwritten. [main thread]
void show_curves(const ShowCurves& show);

}  // namespace lafs
