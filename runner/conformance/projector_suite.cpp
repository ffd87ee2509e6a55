#include "runner/conformance/suites.h"

#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/model/autocast.h"
#include "kernel/registry/registry.h"
#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "lafs/projector.h"
#include "nn/train/initial_values.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

/// Parameters that `freeze_last_layer` is to hold still are there, and one of them trains.
void check_prototypes(Projector& net, Findings& findings) {
  const auto* known = dynamic_cast<const Prototypes*>(&net);
  if (!known) return;
  const nn::NamedTensors parameters = nn::parameters_of(*net.module());
  bool trains = false;
  for (const std::string& name : known->prototypes()) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& item) { return item.first == name; });
    findings.expect(found != parameters.end(), "prototypes are parameters of the projector", fmt::format("\"{}\" is not one", name));
    trains = trains || (found != parameters.end() && found->second.requires_grad());
  }
  findings.expect(trains, "some of the prototypes train", "none does");
}

constexpr int64_t width = 48;

/// The promises of projector.h, on embeddings of width 48.
class ProjectorSuite {
 public:
  ProjectorSuite(const Use<Projector>& use, Findings& findings) : use_(use), findings_(findings) {}

  void run() {
    findings_.guard("instances are made and initialised", [&] { conform_module([&] { return use_.make(width)->module(); }, findings_); });
    net_ = use_.make(width);
    module_ = net_->module();
    nn::initialise(*module_, 1);
    findings_.expect(net_->outputs() > 0, "there are outputs", fmt::format("outputs() is {}", net_->outputs()));
    findings_.guard("an evaluation runs", [&] { evaluation(); });
    findings_.guard("prototypes are known", [&] { check_prototypes(*net_, findings_); });
    findings_.guard("a backward pass runs", [&] { backward(); });
    findings_.guard("training passes run", [&] { training(); });
    findings_.expect_throw<Error>("a wrong width throws an Error", "", [&] { eval(at::zeros({4, width + 1})); });
  }

 private:
  at::Tensor eval(const at::Tensor& x) const {
    const at::NoGradGuard no_grad;
    return net_->forward(x, {});
  }

  void evaluation() {
    const at::Tensor given = embedding_.clone();
    const TorchChance chance;
    const at::Tensor out = eval(embedding_);
    findings_.expect(chance.untouched(), chance.promise, chance.what);
    findings_.expect(at::equal(given, embedding_), "the embedding is not modified", "it changed");
    findings_.expect(out.dim() == 2 && out.size(0) == 4 && out.size(1) == net_->outputs(), "forward gives [B, outputs]", shape_text(out));
    findings_.expect(finite(out), "outputs are finite", "some are not");
    findings_.expect(at::equal(out, eval(embedding_)), "evaluation is deterministic", "two calls differ");
    for (int64_t row = 0; row < 4; ++row) {
      const at::Tensor alone = eval(embedding_.slice(0, row, row + 1))[0];
      findings_.expect(at::allclose(alone, out[row], 1e-5, 1e-5), "rows of a batch are independent",
                       fmt::format("they differ by {}", largest_difference(alone, out[row])));
    }
    const Autocast half("bf16", at::kCPU);
    findings_.expect(finite(eval(embedding_)), "bf16 is finite", "it is not");
  }

  void backward() {
    stir(*module_);
    const at::Tensor x = embedding_.clone().requires_grad_();
    (net_->forward(x, {true, nullptr}) * keyed_tensor({4, net_->outputs()}, 6)).sum().backward();
    const std::string bare = without_gradient(*module_, "");
    findings_.expect(bare.empty(), "gradients reach every trainable parameter", bare);
    findings_.expect(x.grad().defined() && finite(x.grad()), "embeddings have a gradient", "it is missing or not finite");
  }

  void training() {
    const at::NoGradGuard no_grad;
    const TorchChance chance;
    const auto trained = [&] { return net_->forward(embedding_, {true, keyed_draws(1, 5, 0, {10, 11, 12, 13}, at::kCPU)}); };
    const at::Tensor first = trained();
    findings_.expect(at::equal(first, trained()), "the same draws give the same output", "two calls differ");
    findings_.expect(chance.untouched(), chance.promise, chance.what);
    const auto fresh = use_.make(width);
    lafs::nn::copy_state(*module_, *fresh->module());
    findings_.expect(at::equal(eval(embedding_), fresh->forward(embedding_, {})),
                     "the state is complete: saved and loaded, outputs are the same", "they differ");
  }

  const Use<Projector>& use_;
  Findings& findings_;
  std::shared_ptr<Projector> net_;
  std::shared_ptr<torch::nn::Module> module_;
  const at::Tensor embedding_ = keyed_tensor({4, width}, 5);
};

}  // namespace

void conform_projector(const Use<Projector>& use, Findings& findings) { ProjectorSuite(use, findings).run(); }

}  // namespace lafs::conformance
