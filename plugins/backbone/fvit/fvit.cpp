#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/layers/tokens.h"
#include "nn/models/fvit.h"
#include "nn/models/landmark_cnn.h"

namespace {

/// fViT without landmarks (models.md 2): tokens are the patches of the picture, row by row.
class Fvit final : public lafs::nn::FvitBase {
 public:
  using Options = lafs::nn::FvitOptions;

  Fvit(const Options& options, const lafs::InputContract& input) : lafs::nn::FvitBase(options, input), patch_(options.patch) {
    register_layers();
  }

 protected:
  at::Tensor tokens_of(const at::Tensor& images, const lafs::Pass&) override {
    lafs::nn::check_images(images);
    return lafs::nn::cut_tokens(images, patch_);
  }

 private:
  int64_t patch_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Fvit>("fvit", "vision transformer of faces on 8 x 8 patches, the encoder of LAFS (Sun et al. 2024)");
}
