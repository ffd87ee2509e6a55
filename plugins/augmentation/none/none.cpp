#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "imaging/resize.h"
#include "lafs/augmentation.h"
#include "lafs/error.h"
#include "lafs/plugin.h"

namespace {

/// The picture as it is, one view of the input contract's size.
class None final : public lafs::Augmentation {
 public:
  struct Options {
    bool landmarks = false;

    void declare(lafs::Params& p) { p("landmarks", landmarks, "hand on the landmarks of the pictures, moved to the view's size"); }
  };

  None(const Options& options, const lafs::InputContract& input)
      : options_(options),
        group_{"image", 1, input.height, input.width, options.landmarks},
        filter_(lafs::imaging::filter_of(input.interpolation)) {}

  lafs::ViewLayout layout() const override { return {group_}; }

  void views(const lafs::Sample& sample, lafs::Rng&, lafs::Views& out) const override {
    lafs::imaging::resize(sample.image, filter_, group_.height, group_.width, out.image(0, 0));
    if (!options_.landmarks) return;
    if (sample.landmarks.empty()) throw lafs::Error(fmt::format("\"{}\" has no landmarks; set landmarks = false", sample.key));
    const float sx = static_cast<float>(group_.width) / static_cast<float>(sample.image.width);
    const float sy = static_cast<float>(group_.height) / static_cast<float>(sample.image.height);
    std::vector<float> points = sample.landmarks;
    for (size_t i = 0; i < points.size(); ++i) points[i] = (points[i] + 0.5f) * (i % 2 == 0 ? sx : sy) - 0.5f;
    out.landmarks(0, 0, points);
  }

 private:
  Options options_;
  lafs::ViewGroup group_;
  lafs::imaging::ResampleFilter filter_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<None>("none", "the picture as it is, at the size of the input contract"); }
