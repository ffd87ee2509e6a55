#include <string>
#include <vector>

#include "imaging/view_chain.h"
#include "lafs/augmentation.h"
#include "lafs/plugin.h"

namespace {

/// The views of DINO in the sizes of DINO-face, pretraining.md 3.3: large global ones and small local ones, with their colours changed.
/// View v, global ones first, draws from rng.fork(v), in the order of ViewChain.
class DinoViews final : public lafs::Augmentation {
 public:
  struct Options {
    int64_t global_views = 2, local_views = 8, global_size = 112, local_size = 48;
    std::vector<double> global_scale{0.4, 1.0}, local_scale{0.05, 0.4};
    std::vector<double> global_blur{1.0, 0.1}, global_solarise{0.0, 0.2};
    double local_blur = 0.5;
    lafs::imaging::ViewChain::Options chain;

    void declare(lafs::Params& p) {
      p("global_views", global_views, lafs::in(1, 64), "global views; the method has 2");
      p("local_views", local_views, lafs::in(0, 64), "local views");
      p("global_size", global_size, lafs::in(8, 4096), "rows and columns of a global view; DINO's own is 224");
      p("local_size", local_size, lafs::in(8, 4096), "rows and columns of a local view; DINO's own is 96");
      p("global_scale", global_scale, lafs::in(1e-6, 1), "lowest and highest share of the area in a global view");
      p("local_scale", local_scale, lafs::in(1e-6, 1), "lowest and highest share of the area in a local view");
      p("global_blur", global_blur, lafs::in(0, 1), "probability of a blur, a number for each global view");
      p("global_solarise", global_solarise, lafs::in(0, 1), "probability of solarising, a number for each global view");
      p("local_blur", local_blur, lafs::in(0, 1), "probability of a blur in a local view");
      chain.declare(p);
    }
  };

  DinoViews(const Options& options, const lafs::InputContract&) : options_(options), chain_(options.chain) {
    lafs::imaging::check_range("global_scale", options.global_scale);
    lafs::imaging::check_range("local_scale", options.local_scale);
    lafs::imaging::check_count("global_blur", options.global_blur, options.global_views);
    lafs::imaging::check_count("global_solarise", options.global_solarise, options.global_views);
    for (size_t v = 0; v < options.global_blur.size(); ++v) {
      views_.push_back({options.global_size, options.global_scale, options.global_blur[v], options.global_solarise[v]});
    }
    for (int64_t v = 0; v < options.local_views; ++v) views_.push_back({options.local_size, options.local_scale, options.local_blur, 0});
  }

  lafs::ViewLayout layout() const override {
    lafs::ViewLayout groups{{"global", options_.global_views, options_.global_size, options_.global_size, false}};
    if (options_.local_views > 0) groups.push_back({"local", options_.local_views, options_.local_size, options_.local_size, false});
    return groups;
  }

  void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
    lafs::imaging::Canvas canvas;
    for (size_t v = 0; v < views_.size(); ++v) {
      const auto view = static_cast<int64_t>(v);
      const bool local = view >= options_.global_views;
      lafs::Rng draws = rng.fork(v);
      chain_.crop(sample.image, views_[v], draws, canvas);
      chain_.colour(views_[v], draws, canvas);
      canvas.store(out.image(local ? 1 : 0, local ? view - options_.global_views : view));
    }
  }

 private:
  Options options_;
  lafs::imaging::ViewChain chain_;
  std::vector<lafs::imaging::ViewChain::View> views_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<DinoViews>("dino_views", "large global and small local views with other colours"); }
