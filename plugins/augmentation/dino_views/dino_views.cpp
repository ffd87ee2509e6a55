#include "imaging/multi_crop.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"

namespace {

/// The views of DINO in the sizes of DINO-face, pretraining.md 3.3: large global ones and small local ones, with their colours changed.
class DinoViews final : public lafs::Augmentation {
 public:
  struct Options {
    lafs::imaging::MultiCrop::Options crops;
    lafs::imaging::MultiCrop::Sizes size{112, 48};

    void declare(lafs::Params& p) {
      crops.declare_numbers(p, "local views");
      p("global_size", size.global, lafs::in(8, 4096), "rows and columns of a global view; DINO's own is 224");
      p("local_size", size.local, lafs::in(8, 4096), "rows and columns of a local view; DINO's own is 96");
      crops.declare_scales(p, "lowest and highest share of the area in a local view");
      crops.declare_colours(p);
    }
  };

  DinoViews(const Options& options, const lafs::InputContract&) : size_(options.size), crops_(options.crops, options.size) {}

  lafs::ViewLayout layout() const override {
    lafs::ViewLayout groups{{"global", crops_.global_views(), size_.global, size_.global, false}};
    if (crops_.local_views() > 0) groups.push_back({"local", crops_.local_views(), size_.local, size_.local, false});
    return groups;
  }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    crops_.make(sample.image, rng, {},
                [&](bool local, int64_t index, const lafs::imaging::Canvas& canvas) { canvas.store(out.image(local ? 1 : 0, index)); });
  }

 private:
  lafs::imaging::MultiCrop::Sizes size_;
  lafs::imaging::MultiCrop crops_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<DinoViews>("dino_views", "large global and small local views with other colours"); }
