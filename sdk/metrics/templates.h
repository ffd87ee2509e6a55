#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "metrics/embeddings.h"

namespace lafs::metrics {

/// How picture features become those of templates (evaluation 3.3 and 3.4). `N1D1_sum` is the published setting of IJB.
struct TemplateMode {
  bool keeps_norm = true;                                  ///< N1; N0: features get length one first, a zero feature stays zero
  bool weighs = true;                                      ///< D1: features are multiplied by the detector score
  enum class Flip { sum, none, concat } flip = Flip::sum;  ///< what becomes of picture and mirror

  std::string name() const;  ///< "N1D1_sum"
  bool operator==(const TemplateMode&) const = default;
};
/// Throws Error for a name that is none of the twelve.
TemplateMode template_mode(const std::string& name);

/// Which pictures a template pools, and how: pictures of a medium are averaged, media are added.
class TemplateLayout {
 public:
  /// Template and medium of each picture, any ids. Throws Error for unequal lengths.
  TemplateLayout(std::span<const int64_t> templates, std::span<const int64_t> media);

  const std::vector<int64_t>& ids() const { return ids_; }  ///< distinct templates, ascending
  int64_t size() const { return static_cast<int64_t>(ids_.size()); }
  int64_t pictures() const { return static_cast<int64_t>(order_.size()); }
  int64_t media() const { return static_cast<int64_t>(media_.size()) - 1; }  ///< pairs of template and medium

  /// Media of template t, ascending by id: [media_begin(t), media_begin(t + 1)).
  int64_t media_begin(int64_t t) const { return templates_[static_cast<size_t>(t)]; }
  /// Pictures of a medium in the order of the list.
  std::span<const int64_t> pictures_of(int64_t medium) const {
    const int64_t begin = media_[static_cast<size_t>(medium)], end = media_[static_cast<size_t>(medium) + 1];
    return std::span(order_).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  }

 private:
  std::vector<int64_t> ids_, templates_, media_, order_;
};

/// Features of pictures as they come: rows of 2D, picture then mirror, or of D where no mode needs the mirror.
struct PictureFeatures {
  std::span<const float> values;
  int64_t width = 0;  ///< of a row
  bool mirrored = true;
  std::span<const float> detector_scores = {};  ///< one a picture; may be empty where no mode weighs
  /// Called about every quarter of a gibibyte that was read, by any thread: a mapped file may give its pages back.
  std::function<void()> release = {};
  std::function<std::string(int64_t)> name_of = {};  ///< names the picture of a row in an error
};

/// f64: in double from the first sum on. f32: the published way, single precision up to the sum of a template, in the order of the list.
enum class Precision { f64, f32 };

/// Sums of templates, not of unit length, in the order of `layout.ids()`; D columns, or 2D for `concat`. The result does not depend on
/// `threads`. Throws Error where features and layout do not fit.
Rows pool_templates(const TemplateLayout& layout, const PictureFeatures& features, const TemplateMode& mode, Precision precision,
                    int64_t threads);

/// The same of unit length; a zero row stays zero. Throws Error naming the first picture whose features are not finite.
Rows unit_templates(const TemplateLayout& layout, const PictureFeatures& features, const TemplateMode& mode, Precision precision,
                    int64_t threads);

}  // namespace lafs::metrics
