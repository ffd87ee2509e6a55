#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/plugin.h"
#include "lafs/projector.h"
#include "nn/layers/layers.h"

namespace {

/// Two linear layers with a GELU between them: a learned head that only pre-training has.
class MyPlugin final : public torch::nn::Module, public lafs::Projector, public lafs::Prototypes {
 public:
  struct Options {
    int64_t hidden = 256, outputs = 128;

    void declare(lafs::Params& p) {
      p("hidden", hidden, lafs::in(1, 65536), "width between the layers");
      p("outputs", outputs, lafs::in(1, 1 << 24), "width of what comes out");
    }
  };

  MyPlugin(const Options& options, int64_t input_width)
      : options_(options),
        first_(register_module("first", std::make_shared<lafs::nn::Linear>(input_width, options.hidden))),
        second_(register_module("second", std::make_shared<lafs::nn::Linear>(options.hidden, options.outputs))) {}

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t outputs() const override { return options_.outputs; }
  /// What `freeze_last_layer` of the objective holds still at first.
  std::vector<std::string> prototypes() const override { return {"second.weight", "second.bias"}; }
  at::Tensor forward(const at::Tensor& embedding, const lafs::Pass&) override {  // [B,D] -> [B,outputs]
    if (embedding.dim() != 2 || embedding.size(1) != first_->weight.size(1)) throw lafs::Error("\"embedding\" has another width");
    return second_->forward(at::gelu(first_->forward(embedding)));
  }

 private:
  Options options_;
  std::shared_ptr<lafs::nn::Linear> first_, second_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "two linear layers with a GELU between them"); }
