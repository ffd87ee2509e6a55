#pragma once
/// Methods on two views with projections that a test writes down: the backbone gives the numbers of a picture, times weights of 1, and the
/// projector passes them on.
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "lafs/backbone.h"
#include "lafs/initialised.h"
#include "lafs/objective.h"
#include "lafs/projector.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/bare_assembly.h"
#include "support/thread_ranks.h"
#include "support/training.h"

namespace lafs::test {

/// [B,3,1,W] -> its 3W numbers, each times a weight.
class PlainNumbers final : public torch::nn::Module, public Backbone, public Initialised {
 public:
  explicit PlainNumbers(int64_t width) { weight_ = register_parameter("weight", at::empty({width})); }
  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return weight_.size(0); }
  at::Tensor forward(const at::Tensor& images, const Pass&) override { return images.flatten(1) * weight_; }
  std::vector<InitRule> init_rules() const override { return {{"weight", InitRule::Shape::constant, 1}}; }

 private:
  at::Tensor weight_;
};

class PassedOn final : public torch::nn::Module, public Projector {
 public:
  explicit PassedOn(int64_t width) : width_(width) {}
  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t outputs() const override { return width_; }
  at::Tensor forward(const at::Tensor& embedding, const Pass&) override { return embedding; }

 private:
  int64_t width_;
};

class PlainAssembly final : public BareAssembly {
 public:
  int64_t width = 6, batch = 8;
  Use<Projector> projector_use;  ///< none: what the backbone gives is passed on

  std::shared_ptr<Backbone> backbone() override { return std::make_shared<PlainNumbers>(width); }
  std::shared_ptr<Projector> projector(int64_t input_width) override {
    if (!projector_use.empty()) return projector_use.make(input_width);
    return std::make_shared<PassedOn>(input_width);
  }
  int64_t rank_batch() const override { return batch; }
};

/// An objective of that assembly in fp64, and what one step of it gives.
struct TwoViewTask {
  PlainAssembly assembly;
  std::shared_ptr<Objective> objective;
  Remembering reporter;

  TwoViewTask(const std::string& method, const std::string& options, const std::string& projector = "") {
    if (!projector.empty()) assembly.projector_use = use<Projector>("mlp", projector);
    begin(make<Objective>(method, options, assembly));
  }
  explicit TwoViewTask(const std::function<std::shared_ptr<Objective>(Assembly&)>& maker) { begin(maker(assembly)); }

  /// Projections [2,B,K] as the two views of B pictures.
  static at::Tensor pictures(const at::Tensor& projections) {
    return projections.view({2, projections.size(1), 3, 1, projections.size(2) / 3});
  }

  at::Tensor loss(const at::Tensor& projections, Collective& collective) {
    HandBatch batch;
    batch.groups["global"] = pictures(projections);
    batch.identities = at::arange(projections.size(1), at::kLong);
    return objective->loss(batch, Step{{}, 0, 1, nullptr, collective, reporter});
  }
  double value(const at::Tensor& projections) {
    SoloCollective alone;
    return loss(projections, alone).item<double>();
  }
  /// Gradient of the loss for the projections.
  at::Tensor gradient(const at::Tensor& projections) {
    SoloCollective alone;
    const at::Tensor given = projections.clone().requires_grad_();
    loss(given, alone).backward();
    return given.grad();
  }
  at::Tensor of(const std::string& name) const { return nn::find_tensor(*objective->module(), name); }

 private:
  void begin(std::shared_ptr<Objective> made) {
    objective = std::move(made);
    nn::initialise(*objective->module(), 4);
    const at::NoGradGuard no_grad;
    objective->module()->to(at::kDouble);
    objective->start();
  }
};

/// [2,B,K] of fp64: second views are like the first.
inline at::Tensor drawn_projections(int64_t pictures = 8, int64_t width = 6, uint64_t seed = 1) {
  Rng rng(seed);
  at::Tensor out = at::empty({2, pictures, width}, at::kDouble);
  auto* data = out.mutable_data_ptr<double>();
  for (int64_t i = 0; i < out.numel(); ++i) data[i] = rng.normal();
  out[1].mul_(0.5).add_(out[0]);
  return out;
}

/// Loss and gradients of all parameters, as the trainer has them: means over the ranks, whose pictures are consecutive parts.
struct RankedStep {
  double loss = 0;
  std::vector<at::Tensor> gradients;
};
inline RankedStep ranked_step(int64_t world, const std::string& method, const std::string& options, const at::Tensor& projections,
                              const std::string& projector = "") {
  const int64_t part = projections.size(1) / world;
  std::vector<RankedStep> of(static_cast<size_t>(world));
  on_ranks(world, [&](Collective& ranks) {
    TwoViewTask task(method, options, projector);
    RankedStep& own = of[static_cast<size_t>(ranks.rank())];
    const at::Tensor loss = task.loss(projections.narrow(1, ranks.rank() * part, part).contiguous(), ranks);
    loss.backward();
    own.loss = loss.item<double>();
    for (const auto& [name, parameter] : nn::parameters_of(*task.objective->module())) {
      if (parameter.requires_grad()) own.gradients.push_back(parameter.grad());
    }
  });
  RankedStep mean = of[0];
  for (size_t rank = 1; rank < of.size(); ++rank) {
    mean.loss += of[rank].loss;
    for (size_t i = 0; i < mean.gradients.size(); ++i) mean.gradients[i] = mean.gradients[i] + of[rank].gradients[i];
  }
  mean.loss /= static_cast<double>(world);
  for (at::Tensor& gradient : mean.gradients) gradient = gradient / static_cast<double>(world);
  return mean;
}

/// Whether both have one loss, and gradients `factor` times as large in the second.
inline bool same_step(const RankedStep& a, const RankedStep& b, double factor = 1) {
  bool same = std::abs(a.loss - b.loss) < 1e-9 * (1 + std::abs(a.loss)) && a.gradients.size() == b.gradients.size();
  for (size_t i = 0; same && i < a.gradients.size(); ++i) same = at::allclose(a.gradients[i] * factor, b.gradients[i], 1e-7, 1e-9);
  return same;
}

inline double product_of(const at::Tensor& a, const at::Tensor& b) {
  double sum = 0;
  for (int64_t k = 0; k < a.size(0); ++k) sum += a[k].item<double>() * b[k].item<double>();
  return sum;
}
inline double cosine_of(const at::Tensor& a, const at::Tensor& b) {
  return product_of(a, b) / std::sqrt(product_of(a, a) * product_of(b, b));
}

}  // namespace lafs::test
