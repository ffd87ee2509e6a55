#include <algorithm>
#include <cstdint>
#include <span>

#include "imaging/resize.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"

namespace {

/// The picture at the size of the input contract, mirrored by chance. `views` is called from many threads at once, and its chance comes
/// from `rng` alone, which is keyed by run, epoch and picture.
class MyPlugin final : public lafs::Augmentation {
 public:
  struct Options {
    double flip = 0.5;

    void declare(lafs::Params& p) { p("flip", flip, lafs::in(0, 1), "probability of mirroring"); }
  };

  MyPlugin(const Options& options, const lafs::InputContract& input) : options_(options), group_{"image", 1, input.height, input.width} {}

  lafs::ViewLayout layout() const override { return {group_}; }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    const std::span<uint8_t> picture = out.image(0, 0);  // height * width * 3 bytes, rows of RGB
    lafs::imaging::resize(sample.image, lafs::imaging::ResampleFilter::triangle, group_.height, group_.width, picture);
    if (!rng.coin(options_.flip)) return;
    const auto width = static_cast<size_t>(group_.width);
    for (size_t row = 0; row < static_cast<size_t>(group_.height); ++row) {
      for (size_t x = 0; x < width / 2; ++x) {
        uint8_t* left = picture.data() + 3 * (row * width + x);
        std::swap_ranges(left, left + 3, picture.data() + 3 * (row * width + width - 1 - x));
      }
    }
  }

 private:
  Options options_;
  lafs::ViewGroup group_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "the picture, mirrored by chance"); }
