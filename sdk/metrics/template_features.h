#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lafs/evaluator.h"
#include "metrics/templates.h"

namespace lafs::metrics {

/// The modes that an evaluator of templates reports side by side, from features that were made once.
class TemplateModes {
 public:
  /// Throws Error for an unknown mode, one that is named twice or none at all, for one that weighs without detector scores, and for
  /// detector scores that no mode uses.
  TemplateModes(const std::vector<std::string>& names, bool has_scores);

  const std::vector<TemplateMode>& all() const { return modes_; }
  bool mirrored() const;  ///< whether one of them needs the mirrored picture: rows of 2D are then asked for, by flip "both"

  /// Rows as the host embedded them. Throws Error for another count of rows than of pictures.
  PictureFeatures features(const FeatureMatrix& rows, std::span<const float> scores, int64_t pictures,
                           std::function<std::string(int64_t)> name_of) const;

 private:
  std::vector<TemplateMode> modes_;
};

}  // namespace lafs::metrics
