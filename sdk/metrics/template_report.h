#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lafs/metrics.h"
#include "metrics/bootstrap.h"
#include "metrics/roc.h"
#include "metrics/templates.h"

namespace lafs::metrics {

/// One-to-one comparisons of templates (evaluation 3), settled: which pictures they pool, which pairs are compared, what is reported.
struct TemplateProtocol {
  TemplateLayout layout;
  std::vector<uint32_t> first, second;  ///< templates of each pair, as places in `layout.ids()`
  std::vector<uint8_t> genuine;         ///< of each pair
  std::vector<double> far{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
  Collinear collinear = Collinear::drop;
  Precision precision = Precision::f64;
  int64_t hardest = 10;      ///< items of a ranked list
  Resampling resampling{0};  ///< for intervals of the rates not above a target
};

/// Scores of all pairs in one mode, in their order: pooled, unit length, dot product. Throws Error for features that do not fit, and
/// naming the row for ones that are not finite.
std::vector<double> template_scores(const TemplateProtocol& protocol, const PictureFeatures& features, const TemplateMode& mode,
                                    int64_t threads);

/// Appends what scores say: true accept rates at the nearest rate as published, and at the largest not above; the actual rates and
/// thresholds; area and equal error rate; the curve; the hardest pairs; notes with the counts; warnings. `variant` as in `Metric`: the
/// model itself, "", gets intervals.
void add_template_scores(const TemplateProtocol& protocol, const std::vector<double>& scores, const std::string& variant, int64_t threads,
                         Metrics& metrics);

/// Some hundred points of a curve whose rates are looked at on a logarithmic scale: no wide gap in either rate.
Curve thinned_curve(const Roc& roc, const std::string& variant);

/// The sentence that says what a mode does to features: "picture and mirror added, length kept, weighted by the detector score".
std::string described(const TemplateMode& mode);

/// "1,234,567"
std::string grouped(int64_t number);

}  // namespace lafs::metrics
