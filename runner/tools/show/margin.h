#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/registry/registry.h"
#include "runner/report/chart.h"

namespace lafs {

/// A sheet of what margin heads make of the cosine of the target.
struct ShowMargin {
  std::vector<std::string> heads;  ///< "arcface", or with options as in a recipe "arcface:margin=0.3,scale=30"
  std::vector<double> norms;       ///< of the embedding; empty: 20
  std::filesystem::path out = "margin.png";
  bool force = false;  ///< overwrite the file
};

/// The target's logit divided by the head's scale, and how far it is below the cosine, over angles of 0 to 180 degrees. A head that looks
/// at the norm has a curve for each. Margins have their first statistics and no draws. Throws Error for a head without a curve, norms that
/// no head looks at, and more curves than are drawn. [main thread]
std::vector<Chart> margin_charts(const ShowMargin& show, const Registry& registry);

/// Writes the sheet as PNG, and prints its size to standard error. Throws Error, before any work for a file that exists and must not be
/// overwritten. [main thread]
void show_margin(const ShowMargin& show, const Registry& registry);

}  // namespace lafs
