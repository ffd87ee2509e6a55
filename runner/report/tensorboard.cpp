#include "runner/report/tensorboard.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

bool has_events(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::any_of(std::filesystem::directory_iterator(folder, ignored), std::filesystem::directory_iterator(),
                     [](const auto& entry) { return entry.path().filename().string().starts_with("events.out.tfevents."); });
}

}  // namespace

TensorBoard::TensorBoard() = default;
TensorBoard::~TensorBoard() = default;

void TensorBoard::started(const RunStart& start) {
  const bool continued = has_events(start.folder);
  events_ = std::make_unique<formats::EventWriter>(start.folder);
  if (!continued) return;
  // Files of earlier sessions may hold steps that were lost with the process and come again.
  events_->purge(start.first_step);
  repeat_evaluation(start);
}

/// The evaluation after `first_step` steps has that number too, and was forgotten with the steps to come.
void TensorBoard::repeat_evaluation(const RunStart& start) {
  std::ifstream log(start.folder / "metrics.jsonl");
  for (std::string text; std::getline(log, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("evaluation") || line["step"] != start.first_step) continue;
    for (const auto& [key, value] : line.items()) {
      const bool is_error = key.ends_with("_error") && line.contains(key.substr(0, key.size() - std::string_view("_error").size()));
      if (key != "step" && value.is_number() && !is_error) scalar(tag_of(line["evaluation"], key), start.first_step, value);
    }
  }
}

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
