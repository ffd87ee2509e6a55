#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/model/autocast.h"
#include "runner/conformance/module_checks.h"
#include "runner/conformance/objective_suite.h"

namespace lafs::conformance {

namespace {

/// Some rows of a batch.
class BatchRows final : public Batch {
 public:
  BatchRows(const Batch& whole, int64_t first, int64_t end) : whole_(whole), first_(first), end_(end) {}
  int64_t size() const override { return end_ - first_; }
  bool has(std::string_view group) const override { return whole_.has(group); }
  at::Tensor views(std::string_view group) const override { return whole_.views(group).slice(1, first_, end_); }
  at::Tensor landmarks(std::string_view group) const override { return whole_.landmarks(group).slice(1, first_, end_); }
  at::Tensor labels() const override { return whole_.labels().slice(0, first_, end_); }
  at::Tensor positions() const override { return whole_.positions().slice(0, first_, end_); }
  at::Tensor indices() const override { return whole_.indices().slice(0, first_, end_); }

 private:
  const Batch& whole_;
  int64_t first_, end_;
};

}  // namespace

at::Tensor ObjectiveSuite::loss_of(const Batch& batch, int64_t index) { return objective_->loss(batch, step(index, &batch)); }

void ObjectiveSuite::loss() {
  const nn::NamedTensors before = copy_of_state(*root_);
  std::vector<ViewNeed> needs = objective_->required_views();
  std::erase_if(needs, [&](const ViewNeed& need) { return !batch_->has(need.group); });
  std::vector<at::Tensor> pictures;
  for (const ViewNeed& need : needs) pictures.push_back(batch_->views(need.group).clone());
  const TorchChance chance;
  const at::Tensor first = loss_of(*batch_);
  findings_.expect(chance.untouched(), chance.promise, chance.what);
  for (size_t i = 0; i < pictures.size(); ++i) {
    const std::string& group = needs[i].group;
    findings_.expect(at::equal(pictures[i], batch_->views(group)), "the batch is not modified", fmt::format("views \"{}\" changed", group));
  }
  findings_.expect(first.dim() == 0, "the loss is a scalar", shape_text(first));
  findings_.expect(finite(first), "the loss is finite", "it is not");
  first.backward();
  const std::string names = changed(before, *root_, true);
  findings_.expect(names.empty(), "loss changes no saved state but BatchNorm's", names);
  const auto encoder = nn::submodule(*root_, objective_->encoder());
  const nn::NamedTensors of_encoder = nn::parameters_of(*encoder);
  const bool trains = std::any_of(of_encoder.begin(), of_encoder.end(), [](const auto& item) { return item.second.requires_grad(); });
  const std::string bare = without_gradient(trains ? *encoder : *root_, "");
  findings_.expect(bare.empty(), trains ? "the gradient reaches the encoder" : "the gradient reaches what trains", bare);
  gradients();
  const at::Tensor again = loss_of(*batch_);
  findings_.expect(at::equal(first, again), "the same step gives the same loss",
                   fmt::format("{}, then {}", first.item<double>(), again.item<double>()));
  for (const auto& [name, value] : reporter_.values) {
    findings_.expect(std::isfinite(value), "what is reported is finite", fmt::format("\"{}\" is {}", name, value));
  }
}

void ObjectiveSuite::accumulation() {
  if (batch_coupled_ || has_batch_norm(*root_)) return;
  const int64_t rows = batch_->size();
  const at::Tensor whole = loss_of(*batch_);
  whole.backward();
  const nn::NamedTensors at_once = gradients();
  double sum = 0;
  for (const int64_t first : {int64_t{0}, rows / 2}) {
    const at::Tensor part = loss_of(BatchRows(*batch_, first, first + rows / 2)) / 2;
    part.backward();
    sum += part.item<double>();
  }
  const nn::NamedTensors in_parts = gradients();
  accumulated_update();
  findings_.expect(
      std::abs(sum - whole.item<double>()) < 1e-4 * (1 + std::abs(sum)), "two half batches give the loss of the whole",
      fmt::format("{}, not {}; --batch-coupled is for losses that compare the pictures of a batch", sum, whole.item<double>()));
  findings_.expect(at_once.size() == in_parts.size(), "two half batches reach the same parameters", "they do not");
  for (size_t i = 0; i < std::min(at_once.size(), in_parts.size()); ++i) {
    const double error = relative_difference(in_parts[i].second, at_once[i].second);
    findings_.expect(error < 1e-3, "two half batches give the gradient of the whole",
                     fmt::format("\"{}\" is off by {}", at_once[i].first, error));
  }
}

nn::NamedTensors ObjectiveSuite::updated(int64_t micro_batches, const std::function<void(Objective&)>& losses) {
  const auto objective = assembly_.objective();
  start(*objective);
  losses(*objective);
  const at::NoGradGuard no_grad;
  const Step last = step(1, nullptr, micro_batches - 1, micro_batches);
  objective->before_update(last);
  objective->after_update(last);
  return copy_of_state(*objective->module());
}

void ObjectiveSuite::accumulated_update() {
  const int64_t rows = batch_->size();
  const BatchRows first(*batch_, 0, rows / 2), second(*batch_, rows / 2, rows);
  const nn::NamedTensors at_once = updated(1, [&](Objective& objective) { objective.loss(*batch_, step(1, batch_.get())); });
  const nn::NamedTensors in_parts = updated(2, [&](Objective& objective) {
    objective.loss(first, step(1, &first, 0, 2));
    objective.loss(second, step(1, &second, 1, 2));
  });
  for (size_t i = 0; i < std::min(at_once.size(), in_parts.size()); ++i) {
    const auto& [name, whole] = at_once[i];
    findings_.expect(at::allclose(whole, in_parts[i].second, 1e-4, 1e-5), "after_update applies the mean over the micro-batches", name);
  }
}

void ObjectiveSuite::half() {
  const double full = loss_of(*batch_).item<double>();
  at::Tensor loss;
  {
    const Autocast half("bf16", at::kCPU);
    loss = loss_of(*batch_);
  }
  loss.backward();
  const double value = loss.item<double>();
  findings_.expect(std::isfinite(value), "bf16 is finite", fmt::format("the loss is {}", value));
  findings_.expect(std::abs(value - full) < 0.05 * (1 + std::abs(full)), "bf16 is close to fp32", fmt::format("{}, not {}", value, full));
  for (const auto& [name, gradient] : gradients()) findings_.expect(finite(gradient), "gradients of bf16 are finite", name);
}

void ObjectiveSuite::unfinished() {
  const BatchRows left(*batch_, 0, 4), whole(*batch_, 0, batch_->size());
  const nn::NamedTensors straight = updated(1, [&](Objective& objective) { objective.loss(whole, step(1, &whole)); });
  const nn::NamedTensors interrupted = updated(1, [&](Objective& objective) {
    objective.loss(left, step(0, &left));
    objective.loss(whole, step(1, &whole));
  });
  for (size_t i = 0; i < std::min(straight.size(), interrupted.size()); ++i) {
    const auto& [name, wanted] = straight[i];
    if (belongs_to_batch_norm(name, straight)) continue;
    findings_.expect(at::equal(wanted, interrupted[i].second), "a first micro-batch forgets an unfinished step", name);
  }
}

}  // namespace lafs::conformance
