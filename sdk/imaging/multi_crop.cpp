#include "imaging/multi_crop.h"

namespace lafs::imaging {

void MultiCrop::Options::declare_numbers(Params& p, std::string_view local_views_doc) {
  p("global_views", global_views, in(1, 64), "global views; the method has 2");
  p("local_views", local_views, in(0, 64), local_views_doc);
}

void MultiCrop::Options::declare_scales(Params& p, std::string_view local_scale_doc) {
  p("global_scale", global_scale, in(1e-6, 1), "lowest and highest share of the area in a global view");
  p("local_scale", local_scale, in(1e-6, 1), local_scale_doc);
}

void MultiCrop::Options::declare_colours(Params& p) {
  p("global_blur", global_blur, in(0, 1), "probability of a blur, a number for each global view");
  p("global_solarise", global_solarise, in(0, 1), "probability of solarising, a number for each global view");
  p("local_blur", local_blur, in(0, 1), "probability of a blur in a local view");
  chain.declare(p);
}

MultiCrop::MultiCrop(const Options& options, const Sizes& sizes) : options_(options), chain_(options.chain) {
  check_range("global_scale", options.global_scale);
  check_range("local_scale", options.local_scale);
  check_count("global_blur", options.global_blur, options.global_views);
  check_count("global_solarise", options.global_solarise, options.global_views);
  for (size_t v = 0; v < options.global_blur.size(); ++v) {
    views_.push_back({sizes.global, options.global_scale, options.global_blur[v], options.global_solarise[v]});
  }
  for (int64_t v = 0; v < options.local_views; ++v) views_.push_back({sizes.local, options.local_scale, options.local_blur, 0});
}

void MultiCrop::make(const Image& image, Rng& rng, const Store& cropped, const Store& coloured) const {
  Canvas canvas;
  for (size_t v = 0; v < views_.size(); ++v) {
    const auto view = static_cast<int64_t>(v);
    const bool local = view >= options_.global_views;
    const int64_t index = local ? view - options_.global_views : view;
    Rng draws = rng.fork(v);
    chain_.crop(image, views_[v], draws, canvas);
    if (cropped) cropped(local, index, canvas);
    chain_.colour(views_[v], draws, canvas);
    coloured(local, index, canvas);
  }
}

}  // namespace lafs::imaging
