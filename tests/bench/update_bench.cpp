#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <torch/optim/adamw.h>
#include <torch/types.h>

#include "kernel/train/clip.h"
#include "lafs/optimizer.h"
#include "nn/train/fused_update.h"
#include "support/front_door.h"

/// What a step does to all parameters of a LAFS student of fViT-B with its head of 65,536 prototypes: clip each gradient, AdamW, and the
/// teacher's average. Ours is the code of the runner; plain is torch::optim::AdamW with the published loops around it.
namespace lafs {
namespace {

constexpr double limit = 3, momentum = 0.996, rate = 1e-4, decay = 0.04;

class Group final : public ParameterGroup {
 public:
  Group() {
    for (int block = 0; block < 12; ++block) {
      for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2112, 768}, {768, 704}, {2048, 768}, {768, 2048}, {2048}}) add(shape);
      for (int vector = 0; vector < 6; ++vector) add({768});
    }
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2048, 768}, {2048, 2048}, {256, 2048}, {65536, 256}}) add(shape);
  }
  const std::vector<std::string>& names() const override { return names_; }
  const std::vector<Tensor>& parameters() const override { return parameters_; }
  double lr() const override { return rate; }
  double weight_decay() const override { return decay; }

 private:
  void add(const std::vector<int64_t>& shape) {
    names_.push_back(std::to_string(names_.size()));
    parameters_.push_back((0.02 * torch::randn(shape)).requires_grad_());
  }
  std::vector<std::string> names_;
  std::vector<Tensor> parameters_;
};

struct Parameters {
  std::shared_ptr<Group> group = std::make_shared<Group>();
  std::vector<at::Tensor> gradients, teacher;
  double length;  ///< of a gradient: half of the limit, or twice

  explicit Parameters(bool clipped) : length(clipped ? 2 * limit : limit / 2) {
    for (const at::Tensor& p : group->parameters()) {
      teacher.push_back(p.detach().clone());
      gradients.push_back(torch::randn(p.sizes()) * (length / std::sqrt(static_cast<double>(p.numel()))));
      p.mutable_grad() = gradients.back();
    }
  }
};

/// Gradients stay as they were clipped: the lengths of a clipped step are given, else only the first would scale.
std::vector<double> told(const Parameters& all, std::vector<double> lengths) {
  if (all.length > limit) lengths.assign(lengths.size(), all.length);
  return lengths;
}

void ours_step(Parameters& all, Optimizer& optimizer) {
  const at::NoGradGuard no_grad;
  clip_gradients(all.gradients, told(all, nn::lengths_of(all.gradients)), 0, "per_tensor", limit);
  optimizer.step();
  nn::moving_average(all.teacher, all.group->parameters(), momentum);
}

void plain_step(Parameters& all, torch::optim::AdamW& optimizer) {
  for (at::Tensor& gradient : all.gradients) {
    const at::NoGradGuard no_grad;
    const double factor = limit / (told(all, {gradient.norm(2).item<double>()})[0] + 1e-6);
    if (factor < 1) gradient.mul_(factor);
  }
  optimizer.step();
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < all.teacher.size(); ++i) all.teacher[i].mul_(momentum).add_((1 - momentum) * all.group->parameters()[i]);
}

void update_step(benchmark::State& state) {
  Parameters all(state.range(1));
  const auto ours = test::make<Optimizer>("adamw", "", ParameterGroups{all.group});
  torch::optim::AdamW plain(all.group->parameters(), torch::optim::AdamWOptions(rate).weight_decay(decay));
  const auto step = [&] { state.range(0) ? ours_step(all, *ours) : plain_step(all, plain); };
  step();  // finds the memory of its state
  for (auto _ : state) step();
}
BENCHMARK(update_step)->ArgNames({"fused", "clipped"})->ArgsProduct({{1, 0}, {0, 1}})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace lafs
