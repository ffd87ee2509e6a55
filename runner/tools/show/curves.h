#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// A sheet of the curves that evaluators of pairs found: ROC, detection error tradeoff, and histograms of scores.
struct ShowCurves {
  std::vector<std::filesystem::path> models;  ///< run folders, or JSON files of `lafs eval --out`
  std::filesystem::path out = "curves.png";
  std::string evaluator;  ///< only this one; empty: all
  bool force = false;     ///< overwrite the file
};

/// Writes the sheet as PNG, and prints its size to standard error. Several models share each chart. Throws Error, before any work for a
/// file that exists and must not be overwritten. [main thread]
void show_curves(const ShowCurves& show);

}  // namespace lafs
