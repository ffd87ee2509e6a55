#include "runner/conformance/suites.h"

#include <cmath>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/ranks/solo_collective.h"
#include "kernel/registry/registry.h"
#include "kernel/train/null_reporter.h"
#include "lafs/head.h"
#include "lafs/step.h"
#include "nn/loss/classifier.h"
#include "nn/train/initial_values.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

/// The promises of head.h, for 6 identities.
class HeadSuite {
 public:
  HeadSuite(const Use<Head>& use, Findings& findings) : use_(use), findings_(findings), head_(use.make(identities)) {
    if (const auto module = std::dynamic_pointer_cast<torch::nn::Module>(head_)) nn::initialise(*module, 1);
  }

  void run() {
    margin_ = dynamic_cast<Margin*>(head_.get());
    whole_ = dynamic_cast<WholeLoss*>(head_.get());
    findings_.expect((margin_ != nullptr) != (whole_ != nullptr), "a head is a margin or a whole loss",
                     margin_ ? "it is both" : "it is neither");
    if (margin_) {
      const double scale = margin_->scale();
      findings_.expect(std::isfinite(scale) && scale > 0, "the scale is above 0", fmt::format("scale() is {}", scale));
      findings_.guard("targets are computed", [&] { target(); });
      findings_.guard("a margin is measured", [&] { margin(); });
    }
    findings_.guard("capabilities work", [&] { capabilities(); });
    findings_.guard("running statistics are kept", [&] { statistics(); });
    findings_.guard("the classifier trains with it", [&] { loss(); });
  }

 private:
  static constexpr int64_t identities = 6;

  /// As the classifier calls it: statistics observe, then the margin is taken.
  static at::Tensor phi(Head& head, const at::Tensor& cosines, const at::Tensor& norms) {
    const at::Tensor labels = at::arange(cosines.size(0)).remainder(identities);
    const Pass pass{true, nullptr};
    if (auto* statistical = dynamic_cast<Statistical*>(&head)) statistical->observe({cosines.detach(), norms.detach(), labels}, pass);
    return dynamic_cast<Margin&>(head).target({cosines, norms, labels}, pass);
  }
  at::Tensor phi(const at::Tensor& cosines, const at::Tensor& norms) { return phi(*head_, cosines, norms); }

  void target() {
    const at::Tensor cosines = at::linspace(-1, 1, 201).requires_grad_(), norms = at::linspace(5, 40, 201).requires_grad_();
    const at::Tensor given = cosines.detach().clone();
    const TorchChance chance;
    const at::Tensor out = phi(cosines, norms);
    findings_.expect(chance.untouched(), chance.promise, chance.what);
    findings_.expect(at::equal(given, cosines), "the cosines are not modified", "they changed");
    findings_.expect(out.sizes() == cosines.sizes(), "target keeps the shape", shape_text(out));
    findings_.expect(out.scalar_type() == at::kFloat, "target stays float", at::toString(out.scalar_type()));
    findings_.expect(finite(out), "target is finite on [-1, 1]", "it is not");
    findings_.expect(at::equal(out, phi(cosines, norms)), "target is deterministic", "two calls differ");
    out.sum().backward();
    findings_.expect(cosines.grad().defined() && finite(cosines.grad()), "cosines have a finite gradient on [-1, 1]",
                     "it is missing or not finite");
    if (dynamic_cast<NormGradient*>(head_.get()) && !at::equal(out, phi(cosines, norms * 1.5))) {
      findings_.expect(norms.grad().defined(), "norms that change targets have a gradient", "it is missing");
    }
    findings_.expect(phi(at::empty({0}), at::empty({0})).numel() == 0, "no rows give no targets", "there are some");
  }

  /// Of margins by cosine alone; where the norm enters, or the other cosines change too, a margin may have either sign.
  void margin() {
    if (number_option(use_, "margin", 0) <= 0 || dynamic_cast<NormGradient*>(head_.get()) || dynamic_cast<ChangesNegatives*>(head_.get()))
      return;
    const at::Tensor cosines = at::linspace(-0.9, 0.9, 181), norms = at::full({181}, 20.0);
    const double above = (phi(cosines, norms) - cosines).max().item<double>();
    findings_.expect(above <= 1e-6, "a margin does not raise a cosine", fmt::format("it raises one by {}", above));
  }

  void capabilities() {
    const at::Tensor cosines = keyed_tensor({4, identities}, 3), labels = at::arange(4), norms = at::linspace(5, 40, 4);
    const at::Tensor of_targets = cosines.diagonal().slice(0, 0, 4).contiguous();
    const Pass pass{true, nullptr};
    if (auto* negatives = dynamic_cast<ChangesNegatives*>(head_.get())) {
      const at::Tensor out = negatives->negatives(cosines, of_targets, pass);
      findings_.expect(out.sizes() == cosines.sizes() && finite(out), "negatives gives finite [B, C]", shape_text(out));
    }
    if (auto* extra = dynamic_cast<ExtraLoss*>(head_.get())) {
      const at::Tensor term = extra->extra_loss(norms, pass);
      findings_.expect(term.dim() == 0 && finite(term), "extra_loss is a finite scalar", shape_text(term));
    }
    if (whole_) {
      const at::Tensor losses = whole_->losses(cosines, at::tensor({0, -1, 2, 3}, at::kLong), pass);
      findings_.expect(losses.dim() == 1 && losses.size(0) == 4 && finite(losses), "losses gives a finite loss each row",
                       shape_text(losses));
    }
    if (const auto* centers = dynamic_cast<SubCentered*>(head_.get())) {
      findings_.expect(centers->sub_centers() >= 1, "there is a class vector an identity", fmt::format("{}", centers->sub_centers()));
    }
  }

  /// A loss observes, `after_update` alone writes, and what it writes is all there is.
  void statistics() {
    auto* statistical = dynamic_cast<Statistical*>(head_.get());
    const auto module = std::dynamic_pointer_cast<torch::nn::Module>(head_);
    if (!statistical) return;
    findings_.expect(module != nullptr, "a head with statistics is a module, so that checkpoints hold them", "it is not one");
    if (!module || !margin_) return;
    const at::Tensor cosines = at::linspace(-0.5, 0.8, 24), norms = at::linspace(5, 40, 24);
    const nn::NamedTensors before = copy_of_state(*module);
    phi(cosines, norms);
    const std::string names = changed(before, *module, false);
    findings_.expect(names.empty(), "observing and computing targets change no saved state", names);
    SoloCollective collective;
    NullReporter reporter;
    statistical->after_update({{}, 0, 1, nullptr, collective, reporter});
    const auto fresh = use_.make(identities);
    const auto of_fresh = std::dynamic_pointer_cast<torch::nn::Module>(fresh);
    {
      const at::NoGradGuard no_grad;
      lafs::nn::copy_state(*module, *of_fresh);
    }
    const at::Tensor here = phi(cosines, norms);
    const at::Tensor there = phi(*fresh, cosines, norms);
    findings_.expect(at::equal(here, there), "the state is complete: saved and loaded, targets are the same", "they differ");
  }

  void loss() {
    nn::Classifier::Options options;
    options.classes = identities;
    options.width = 8;
    if (const auto* centers = dynamic_cast<SubCentered*>(head_.get())) options.sub_centers = centers->sub_centers();
    if (const auto* plain = dynamic_cast<Unnormalised*>(head_.get())) {
      options.normalised = false;
      options.bias = plain->bias();
    }
    nn::Classifier classifier(options);
    nn::initialise(classifier, 1);
    const at::Tensor embedding = keyed_tensor({4, 8}, 4).requires_grad_();
    nn::Targets targets;
    targets.label_a = at::arange(4);
    const at::Tensor loss = classifier.loss(embedding, targets, *head_, {true, nullptr});
    findings_.expect(loss.dim() == 0 && finite(loss), "the classifier's loss is a finite scalar", shape_text(loss));
    loss.backward();
    for (const at::Tensor& leaf : {embedding, classifier.weight}) {
      const at::Tensor& gradient = leaf.grad();
      findings_.expect(gradient.defined() && finite(gradient) && gradient.count_nonzero().item<int64_t>() > 0,
                       "embeddings and class vectors have a gradient", "it is missing, zero or not finite");
    }
  }

  const Use<Head>& use_;
  Findings& findings_;
  std::shared_ptr<Head> head_;
  Margin* margin_ = nullptr;
  WholeLoss* whole_ = nullptr;
};

}  // namespace

void conform_head(const Use<Head>& use, Findings& findings) { HeadSuite(use, findings).run(); }

}  // namespace lafs::conformance
