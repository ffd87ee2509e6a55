#include "runner/report/tensorboard.h"

#include <cmath>

#include <fmt/format.h>

#include "formats/event_writer.h"

namespace lafs {

namespace {

/// The tag of a metric (evaluation.md 9); what the reference has no tag for goes under "Evaluation".
std::string tag_of(const std::string& set, const std::string& metric) {
  if (metric == "accuracy") return fmt::format("Accuracy/{}_Accuracy", set);
  if (metric == "std" || metric == "accuracy_std") return fmt::format("Std/{}_Std", set);
  if (metric == "xnorm") return fmt::format("XNorm/{}_XNorm", set);
  if (metric == "threshold") return fmt::format("Threshold/{}_Best_Threshold", set);
  return fmt::format("Evaluation/{}/{}", set, metric);
}

}  // namespace

TensorBoard::TensorBoard() = default;
TensorBoard::~TensorBoard() = default;

void TensorBoard::started(const RunStart& start) { events_ = std::make_unique<formats::EventWriter>(start.folder); }

void TensorBoard::scalar(const std::string& tag, int64_t step, double value) {
  if (std::isfinite(value)) events_->scalar(tag, step, value);
}

void TensorBoard::record(const StepRecord& record) {
  scalar("Training/Training_Loss", record.step, record.loss);
  scalar("LR", record.step, record.lr);
  scalar("Training/Weight_Decay", record.step, record.weight_decay);
  scalar("Training/Gradient_Norm", record.step, record.gradient_norm);
  scalar("Training/Images_Per_Second", record.step, record.images_per_second);
  for (const auto& [name, value] : record.values)
    scalar(name == "accuracy" ? "Training/Training_Accuracy" : "Training/" + name, record.step, value);
}

void TensorBoard::evaluated(int64_t step, const std::vector<NamedMetrics>& results) {
  for (const NamedMetrics& named : results) {
    for (const Metric& metric : named.metrics.values) scalar(tag_of(named.name, metric.full_name()), step, metric.value);
  }
  events_->flush();
}

void TensorBoard::saving() { events_->flush(); }

void TensorBoard::stopped() { events_.reset(); }

}  // namespace lafs
