#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/objective.h"
#include "lafs/plugin.h"
#include "lafs/projector.h"
#include "nn/layers/tree.h"

namespace {

/// `[backbone]` and `[projector]` of the recipe as one network; the assembly makes as many of each as a method needs.
class Network final : public torch::nn::Module {
 public:
  explicit Network(lafs::Assembly& assembly) : backbone_(assembly.backbone()), head_(assembly.projector(backbone_->embed_dim())) {
    register_module("backbone", backbone_->module());
    register_module("head", head_->module());
  }
  at::Tensor forward(const at::Tensor& images, const lafs::Pass& pass) {
    return head_->forward(backbone_->forward(images, pass.scope("backbone")), pass.scope("head"));
  }

 private:
  std::shared_ptr<lafs::Backbone> backbone_;
  std::shared_ptr<lafs::Projector> head_;
};

at::Tensor unit_rows(const at::Tensor& x) {
  const at::Tensor whole = x.to(at::kFloat);
  return whole / at::linalg_vector_norm(whole, 2, {1}, true).clamp_min(1e-6);
}

/// A student learns to say of one view what its teacher, a slow average of the student, says of the other. The loop around it knows
/// nothing of students and teachers: it calls `loss`, backward, `before_update`, the optimizer, `after_update`.
class MyPlugin final : public torch::nn::Module, public lafs::Objective {
 public:
  struct Options {
    double momentum = 0.99;

    void declare(lafs::Params& p) { p("momentum", momentum, lafs::in(0, 1), "share of the teacher that stays in each step"); }
  };

  MyPlugin(const Options& options, lafs::Assembly& assembly)
      : options_(options),
        student_(register_module("student", std::make_shared<Network>(assembly))),
        teacher_(register_module("teacher", std::make_shared<Network>(assembly))) {
    for (auto& [name, parameter] : lafs::nn::parameters_of(*teacher_)) parameter.requires_grad_(false);
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  std::string encoder() const override { return "teacher.backbone"; }
  std::vector<lafs::ViewNeed> required_views() const override { return {{"global", 2}}; }
  void start() override { lafs::nn::copy_state(*student_, *teacher_); }

  at::Tensor loss(const lafs::Batch& batch, const lafs::Step& step) override {
    const at::Tensor views = batch.views("global");  // [V,B,3,H,W]
    std::vector<at::Tensor> said, wanted;
    for (int64_t view : {0, 1}) {
      const lafs::Pass pass = step.pass().views(1, view);
      said.push_back(unit_rows(student_->forward(views[view], pass.scope("student"))));
    }
    for (int64_t view : {0, 1}) {
      const at::NoGradGuard no_grad;
      const lafs::Pass pass = step.pass().views(1, view);  // a training pass: it keeps the teacher's BatchNorm up to date
      wanted.push_back(unit_rows(teacher_->forward(views[view], pass.scope("teacher"))));
    }
    return 2 - (said[0] * wanted[1] + said[1] * wanted[0]).sum(1).mean();
  }

  void after_update(const lafs::Step&) override {
    const auto from = lafs::nn::parameters_of(*student_), to = lafs::nn::parameters_of(*teacher_);
    for (size_t i = 0; i < to.size(); ++i) at::Tensor(to[i].second).lerp_(from[i].second, 1 - options_.momentum);
  }

 private:
  Options options_;
  std::shared_ptr<Network> student_, teacher_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "two views agree, one of them seen by a slow average of the network"); }
