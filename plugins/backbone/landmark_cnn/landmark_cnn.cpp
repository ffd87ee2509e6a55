#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/plugin.h"
#include "nn/models/landmark_cnn.h"

namespace {

/// Landmarks where no count is given: one for each patch of this side.
constexpr int64_t usual_patch = 8;

/// The landmark CNN of a Part-fViT alone (models.md 3, 4): where to look, without a transformer.
class LandmarkNet final : public torch::nn::Module, public lafs::Backbone, public lafs::Landmarked, public lafs::StartsRandom {
 public:
  using Options = lafs::nn::LandmarkOptions;

  LandmarkNet(const Options& options, const lafs::InputContract& input) : cnn_(*this, count_of(options, input), options) {}

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return lafs::nn::LandmarkTrunk::width; }
  at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) override { return cnn_.features(images, pass); }
  bool starts_random() const override { return true; }
  int64_t landmark_count() const override { return cnn_.count(); }
  at::Tensor landmarks(const at::Tensor& images, const lafs::Pass& pass) override { return cnn_.landmarks(images, pass); }

 private:
  static int64_t count_of(const Options& options, const lafs::InputContract& input) {
    const int64_t count = options.count > 0 ? options.count : (input.height / usual_patch) * (input.width / usual_patch);
    if (count < 1) throw lafs::Error(fmt::format("the input of {} x {} pixels has no patch to look at", input.height, input.width));
    return count;
  }

  lafs::nn::LandmarkCnn cnn_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<LandmarkNet>("landmark_cnn", "MobileNetV3 that says where to look: the landmark part of part_fvit alone");
}
