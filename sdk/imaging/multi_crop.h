#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "imaging/view_chain.h"

namespace lafs::imaging {

/// The multi-crop of DINO and of the methods after it: large global views and small local ones of one picture. View v, global ones first,
/// draws from rng.fork(v) in the order of ViewChain, so a view does not depend on how many others there are. [any thread]
class MultiCrop {
 public:
  /// An augmentation declares these among options of its own, in three groups: numbers of views, scales, then colours with the options of
  /// the chain. `doc` texts say what the option means for that augmentation.
  struct Options {
    int64_t global_views = 2, local_views = 8;
    std::vector<double> global_scale{0.4, 1.0}, local_scale{0.05, 0.4};
    std::vector<double> global_blur{1.0, 0.1}, global_solarise{0.0, 0.2};
    double local_blur = 0.5;
    ViewChain::Options chain;

    void declare_numbers(Params& p, std::string_view local_views_doc);
    void declare_scales(Params& p, std::string_view local_scale_doc);
    void declare_colours(Params& p);
  };
  /// Rows and columns of the views, pixels.
  struct Sizes {
    int64_t global = 112, local = 112;
  };
  /// Takes a view from the canvas: whether it is a local one, and its index among those of its kind.
  using Store = std::function<void(bool local, int64_t index, const Canvas& canvas)>;

  /// Throws Error for a range that is not two numbers in order, and for a list without exactly one number for each global view.
  MultiCrop(const Options& options, const Sizes& sizes);

  int64_t global_views() const { return options_.global_views; }
  int64_t local_views() const { return options_.local_views; }
  /// Makes every view of `image`. `cropped` gets it before its colours change, unless it is empty; `coloured` gets it finished.
  void make(const Image& image, Rng& rng, const Store& cropped, const Store& coloured) const;

 private:
  Options options_;
  ViewChain chain_;
  std::vector<ViewChain::View> views_;  ///< global ones first
};

}  // namespace lafs::imaging
