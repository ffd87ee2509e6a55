#pragma once
#include <string>
#include <vector>

#include "runner/report/chart.h"
#include "runner/tools/show/sheet.h"

namespace lafs {

/// Charts below each other under one title, as in a report: lines, shaded areas, axes with ticks, a legend. Charts without a point to draw
/// are left out. Throws Error when none is left.
Sheet chart_sheet(const std::string& title, const std::string& subtitle, const std::vector<Chart>& charts);

}  // namespace lafs
