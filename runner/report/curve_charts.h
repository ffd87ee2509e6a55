#pragma once
#include <string>
#include <vector>

#include "kernel/results/named_metrics.h"
#include "runner/report/chart.h"

namespace lafs {

/// What a variant is called beside the model: "pixels alone"; the model itself is "model".
std::string variant_title(const std::string& variant);

/// One chart of the curves of one name, of every evaluator given, the false accept rate in powers of ten. Several evaluators: their models
/// alone, named after them. One: the model and its variants.
Chart curve_chart(const std::vector<NamedMetrics>& evaluators, const std::string& name);
/// The same "roc" curves as false rejects over false accepts, both in powers of ten: detection error tradeoff.
Chart det_chart(const std::vector<NamedMetrics>& evaluators);
/// Shares of each kind a bin.
Chart histogram_chart(const std::string& evaluator, const Histogram& histogram);

/// Every curve and histogram. Where several evaluators have ROC curves, these once more in one chart, and so their detection error
/// tradeoff.
std::vector<Chart> curve_charts(const std::vector<NamedMetrics>& evaluators);

}  // namespace lafs
