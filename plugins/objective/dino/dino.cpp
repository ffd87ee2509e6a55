#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/plugin.h"
#include "nn/train/self_distillation.h"

namespace {

/// Self-distillation on pictures: DINO (Caron et al. 2021) and DINO-face (pretraining.md 12).
class Dino final : public lafs::nn::SelfDistillation {
 public:
  using Options = lafs::nn::DistillationOptions;
  using lafs::nn::SelfDistillation::SelfDistillation;

  std::vector<lafs::ViewNeed> required_views() const override { return needs({"global"}, {"local"}); }

 private:
  std::vector<lafs::nn::Crops> crops(const lafs::Batch& batch, const lafs::Step&) override {
    std::vector<lafs::nn::Crops> all;
    int64_t first = 0;
    for (const char* group : {"global", "local"}) {
      if (!batch.has(group)) continue;
      const at::Tensor views = batch.views(group);
      all.push_back({lafs::nn::view_rows(views), {}, views.size(0), first});
      first += views.size(0);
    }
    return all;
  }
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Dino>("dino", "self-distillation without labels on two global and several local crops (Caron et al. 2021), DINO-face too",
                      /*revision=*/2);
}
