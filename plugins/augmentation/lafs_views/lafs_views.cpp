#include "imaging/multi_crop.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"

namespace {

/// The views of LAFS pre-training, pretraining.md 3.2: every view twice, the crop alone ("_clean", for the landmark network) and the same
/// crop with its colours changed.
class LafsViews final : public lafs::Augmentation {
 public:
  struct Options {
    lafs::imaging::MultiCrop::Options crops;
    int64_t size = 112;
    bool local_uses_global_scale = true;

    void declare(lafs::Params& p) {
      crops.declare_numbers(p, "local views; 0 only where the objective does without (quirk P17)");
      p("size", size, lafs::in(8, 4096), "rows and columns of every view");
      crops.declare_scales(p, "the same of a local view, where local_uses_global_scale is false");
      p.quirk("P8", "local_uses_global_scale", local_uses_global_scale, true, false, "crop local views like global ones");
      crops.declare_colours(p);
    }
  };

  LafsViews(const Options& options, const lafs::InputContract&) : size_(options.size), crops_(scaled(options), {size_, size_}) {
    lafs::imaging::check_range("local_scale", options.crops.local_scale);  // even where the quirk makes it idle
  }

  lafs::ViewLayout layout() const override {
    const int64_t global = crops_.global_views(), local = crops_.local_views();
    lafs::ViewLayout groups{{"global_clean", global, size_, size_, false}, {"global", global, size_, size_, false}};
    if (local > 0) groups.insert(groups.end(), {{"local_clean", local, size_, size_, false}, {"local", local, size_, size_, false}});
    return groups;
  }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    crops_.make(
        sample.image, rng,
        [&](bool local, int64_t index, const lafs::imaging::Canvas& canvas) { canvas.store(out.image(local ? 2 : 0, index)); },
        [&](bool local, int64_t index, const lafs::imaging::Canvas& canvas) { canvas.store(out.image(local ? 3 : 1, index)); });
  }

 private:
  static lafs::imaging::MultiCrop::Options scaled(const Options& options) {
    lafs::imaging::MultiCrop::Options crops = options.crops;
    if (options.local_uses_global_scale) crops.local_scale = crops.global_scale;
    return crops;
  }

  int64_t size_;
  lafs::imaging::MultiCrop crops_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<LafsViews>("lafs_views", "global and local views in pairs: the crop, and the crop with other colours");
}
