#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/tokens.h"
#include "nn/models/fvit.h"
#include "nn/models/landmark_cnn.h"

namespace {

/// fViT without landmarks (models.md 2): tokens are the patches of the picture, row by row.
class Fvit final : public lafs::nn::FvitBase, public lafs::Masked {
 public:
  using Options = lafs::nn::FvitOptions;

  Fvit(const Options& options, const lafs::InputContract& input) : lafs::nn::FvitBase(options, input), patch_(options.patch) {
    register_layers();
  }

  Grid patch_grid(int64_t height, int64_t width) const override { return {height / patch_, width / patch_}; }
  at::Tensor patch_pixels(const at::Tensor& images) const override {
    lafs::nn::check_images(images);
    return lafs::nn::cut_tokens(images, patch_);
  }
  at::Tensor forward_kept(const at::Tensor& images, const at::Tensor& kept, const lafs::Pass& pass) override {
    const at::Tensor tokens = patch_pixels(images);
    check_positions(tokens.size(1));
    return all_tokens(lafs::nn::kept_tokens(tokens, kept), kept + 1, pass);
  }

 protected:
  at::Tensor tokens_of(const at::Tensor& images, const lafs::Pass&) override { return patch_pixels(images); }

 private:
  int64_t patch_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Fvit>("fvit", "vision transformer of faces on square patches, the encoder of LAFS (Sun et al. 2024)");
}
