#include <optional>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/plugin.h"
#include "nn/models/fvit.h"
#include "nn/models/landmark_cnn.h"
#include "nn/models/patch_gather.h"

namespace {

struct Options : lafs::nn::FvitOptions {
  lafs::nn::LandmarkOptions landmarks;
  std::string patch_layout = "transposed", patch_centre = "shifted", landmark_source = "cnn";

  void declare(lafs::Params& p) {
    lafs::nn::FvitOptions::declare(p);
    landmarks.declare(p);
    p.quirk("M3", "patch_layout", patch_layout, "transposed", "plain", lafs::one_of({"transposed", "plain"}),
            "pixel order in a token: column by column (transposed), or row by row as in fvit (plain)");
    p.quirk("M4", "patch_centre", patch_centre, "shifted", "symmetric", lafs::one_of({"shifted", "symmetric"}),
            "patches lie a pixel left of and above their landmark, or symmetrically around it");
    p("landmark_source", landmark_source, lafs::one_of({"cnn", "grid"}),
      "landmarks learned with the rest, or a regular grid of the patches' middles without a CNN, tokens as fvit's (models.md 6)");
  }
};

/// Part-fViT (models.md 6): an fViT on patches around landmarks that a CNN learns with it.
class PartFvit final : public lafs::nn::FvitBase, public lafs::Landmarked, public lafs::LandmarkedEmbedding, public lafs::StartsRandom {
 public:
  using Options = ::Options;

  PartFvit(const Options& options, const lafs::InputContract& input) : lafs::nn::FvitBase(options, input) {
    gather_.patch = options.patch;
    gather_.transposed = options.patch_layout == "transposed" && options.landmark_source == "cnn";
    gather_.centred = options.patch_centre == "symmetric";
    if (options.landmark_source == "grid") {
      grid_ = grid_of(options.patch, input);
    } else {
      cnn_.emplace(*this, options.landmarks.count > 0 ? options.landmarks.count : max_tokens(), options.landmarks);
    }
    if (landmark_count() > max_tokens()) {
      throw lafs::Error(fmt::format("{} landmarks are too many; the position table has rows for {}", landmark_count(), max_tokens()));
    }
    register_layers();
    landmarks_train_ = cnn_ && !options.landmarks.frozen;
  }

  bool starts_random() const override { return cnn_.has_value(); }
  bool landmarks_train() const override { return landmarks_train_; }
  int64_t landmark_count() const override { return cnn_ ? cnn_->count() : grid_.size(0); }

  at::Tensor landmarks(const at::Tensor& images, const lafs::Pass& pass) override {
    if (cnn_) return cnn_->landmarks(images, pass);
    lafs::nn::check_images(images);
    return grid_.to(images.device()).expand({images.size(0), -1, -1});
  }

  at::Tensor forward_with_landmarks(const at::Tensor& images, const lafs::Pass& pass, at::Tensor& points) override {
    points = landmarks(images, pass);
    return forward_tokens(lafs::nn::gather_patches(images, points, gather_), {}, pass);
  }

 protected:
  at::Tensor tokens_of(const at::Tensor& images, const lafs::Pass& pass) override {
    return lafs::nn::gather_patches(images, landmarks(images, pass), gather_);
  }

 private:
  /// [N,2]: the middle of each patch as the reference counts it, p/2 pixels from its corner, row by row.
  static at::Tensor grid_of(int64_t patch, const lafs::InputContract& input) {
    const auto middles = [patch](int64_t size) { return (torch::arange(size / patch, at::kFloat) + 0.5) * static_cast<double>(patch); };
    const auto yx = torch::meshgrid({middles(input.height), middles(input.width)}, "ij");
    return at::stack({yx[1].flatten(), yx[0].flatten()}, 1);
  }

  lafs::nn::PatchGather gather_;
  std::optional<lafs::nn::LandmarkCnn> cnn_;
  bool landmarks_train_ = false;
  at::Tensor grid_;  // undefined where the CNN says where to look
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<PartFvit>("part_fvit", "fvit on patches around landmarks that a small CNN learns with it (Sun and Tzimiropoulos 2022)");
}
