#include <string>
#include <vector>

#include "imaging/view_chain.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"

namespace {

/// The views of LAFS pre-training, pretraining.md 3.2: every view twice, the crop alone ("_clean", for the landmark network) and the same
/// crop with its colours changed. View v, global ones first, draws from rng.fork(v), in the order of ViewChain.
class LafsViews final : public lafs::Augmentation {
 public:
  struct Options {
    int64_t global_views = 2, local_views = 8, size = 112;
    std::vector<double> global_scale{0.4, 1.0}, local_scale{0.05, 0.4};
    bool local_uses_global_scale = true;
    std::vector<double> global_blur{1.0, 0.1}, global_solarise{0.0, 0.2};
    double local_blur = 0.5;
    lafs::imaging::ViewChain::Options chain;

    void declare(lafs::Params& p) {
      p("global_views", global_views, lafs::in(1, 64), "global views; the method has 2");
      p("local_views", local_views, lafs::in(0, 64), "local views; 0 only where the objective does without (quirk P17)");
      p("size", size, lafs::in(8, 4096), "rows and columns of every view");
      p("global_scale", global_scale, lafs::in(1e-6, 1), "lowest and highest share of the area in a global view");
      p("local_scale", local_scale, lafs::in(1e-6, 1), "the same of a local view, where local_uses_global_scale is false");
      p.quirk("P8", "local_uses_global_scale", local_uses_global_scale, true, false, "crop local views like global ones");
      p("global_blur", global_blur, lafs::in(0, 1), "probability of a blur, a number for each global view");
      p("global_solarise", global_solarise, lafs::in(0, 1), "probability of solarising, a number for each global view");
      p("local_blur", local_blur, lafs::in(0, 1), "probability of a blur in a local view");
      chain.declare(p);
    }
  };

  LafsViews(const Options& options, const lafs::InputContract&) : options_(options), chain_(options.chain) {
    lafs::imaging::check_range("global_scale", options.global_scale);
    lafs::imaging::check_range("local_scale", options.local_scale);
    lafs::imaging::check_count("global_blur", options.global_blur, options.global_views);
    lafs::imaging::check_count("global_solarise", options.global_solarise, options.global_views);
    const auto& local_scale = options.local_uses_global_scale ? options.global_scale : options.local_scale;
    for (size_t v = 0; v < options.global_blur.size(); ++v) {
      views_.push_back({options.size, options.global_scale, options.global_blur[v], options.global_solarise[v]});
    }
    for (int64_t v = 0; v < options.local_views; ++v) views_.push_back({options.size, local_scale, options.local_blur, 0});
  }

  lafs::ViewLayout layout() const override {
    const int64_t global = options_.global_views, local = options_.local_views, size = options_.size;
    lafs::ViewLayout groups{{"global_clean", global, size, size, false}, {"global", global, size, size, false}};
    if (local > 0) groups.insert(groups.end(), {{"local_clean", local, size, size, false}, {"local", local, size, size, false}});
    return groups;
  }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    lafs::imaging::Canvas canvas;
    for (size_t v = 0; v < views_.size(); ++v) {
      const auto view = static_cast<int64_t>(v);
      const bool local = view >= options_.global_views;
      const int64_t index = local ? view - options_.global_views : view;
      lafs::Rng draws = rng.fork(v);
      chain_.crop(sample.image, views_[v], draws, canvas);
      canvas.store(out.image(local ? 2 : 0, index));
      chain_.colour(views_[v], draws, canvas);
      canvas.store(out.image(local ? 3 : 1, index));
    }
  }

 private:
  Options options_;
  lafs::imaging::ViewChain chain_;
  std::vector<lafs::imaging::ViewChain::View> views_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<LafsViews>("lafs_views", "global and local views in pairs: the crop, and the crop with other colours");
}
