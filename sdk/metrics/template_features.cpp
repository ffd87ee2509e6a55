#include "metrics/template_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lafs/error.h"

namespace lafs::metrics {

TemplateModes::TemplateModes(const std::vector<std::string>& names, bool has_scores) {
  if (names.empty()) throw Error("modes is empty; the published one is \"N1D1_sum\"");
  for (const std::string& name : names) {
    const TemplateMode mode = template_mode(name);
    if (std::count(modes_.begin(), modes_.end(), mode) > 0) throw Error(fmt::format("mode \"{}\" is named twice", name));
    if (mode.weighs && !has_scores)
      throw Error(fmt::format("mode \"{}\" multiplies by the detector's score: give \"faces\", the list that has it", name));
    modes_.push_back(mode);
  }
  if (has_scores && std::none_of(modes_.begin(), modes_.end(), [](const TemplateMode& mode) { return mode.weighs; }))
    throw Error("\"faces\" has no effect: no mode multiplies by the detector's score; leave it out, or name a mode with D1");
}

bool TemplateModes::mirrored() const {
  return std::any_of(modes_.begin(), modes_.end(), [](const TemplateMode& mode) { return mode.flip != TemplateMode::Flip::none; });
}

PictureFeatures TemplateModes::features(const FeatureMatrix& rows, std::span<const float> scores, int64_t pictures,
                                        std::function<std::string(int64_t)> name_of) const {
  if (rows.rows != pictures) throw Error(fmt::format("there are features of {} pictures, and the list has {}", rows.rows, pictures));
  return {rows.values, rows.width, mirrored(), scores, {}, std::move(name_of)};
}

}  // namespace lafs::metrics
