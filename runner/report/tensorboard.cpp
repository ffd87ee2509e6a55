#include "runner/report/tensorboard.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/event_writer.h"
#include "formats/file_text.h"
#include "imaging/encode.h"
#include "kernel/run/batch_pictures.h"
#include "runner/report/board_settings.h"
#include "runner/report/mosaic.h"

namespace lafs {

namespace {

constexpr std::string_view baseline = "pixels/";

/// The tag of a metric: those of the reference (evaluation.md 9), and for others one for what is measured on the model and one for what the
/// same protocol gives without it.
std::string tag_of(const std::string& set, const std::string& metric) {
  if (metric == "accuracy") return fmt::format("Accuracy/{}_Accuracy", set);
  if (metric == "std" || metric == "accuracy_std") return fmt::format("Std/{}_Std", set);
  if (metric == "xnorm") return fmt::format("XNorm/{}_XNorm", set);
  if (metric == "threshold") return fmt::format("Threshold/{}_Best_Threshold", set);
  if (metric.starts_with(baseline)) return fmt::format("Baseline/{}/{}", set, metric);
  return fmt::format("Evaluation/{}/{}", set, metric);
}

}  // namespace

TensorBoard::TensorBoard() = default;
TensorBoard::~TensorBoard() = default;

void TensorBoard::started(const RunStart& start) {
  start_ = start;
  events_.reset();
  constants_.clear();
  if (start.first_step < start.total_steps) events();
}

/// The file of this session, which is begun when there is something to write: a run that was done before gets none.
formats::EventWriter& TensorBoard::events() {
  if (events_) return *events_;
  const auto before = formats::event_files(start_.folder);
  events_ = std::make_unique<formats::EventWriter>(start_.folder);
  // Files of earlier sessions may hold steps that were lost with the process and come again; of a run that begins again, all. TensorBoard
  // takes the first such event of a folder for the beginning and forgets nothing, so each session writes one, and a later one a second, for
  // files without any.
  events_->purge(start_.first_step);
  if (!before.empty()) events_->purge(start_.first_step);
  continued_ = !before.empty() && start_.first_step > 0;
  const std::string recipe = start_.recipe ? "```toml\n" + start_.recipe->resolved + "```\n" : "";
  const bool known = continued_ && std::any_of(before.begin(), before.end(), [&](const auto& file) {
                       return formats::file_text(file).value_or("").find(recipe) != std::string::npos;
                     });
  if (!recipe.empty() && !known) events_->text("Recipe/resolved", 0, recipe);
  if (start_.recipe && !continued_) events_->settings(board_settings(*start_.recipe));
  if (continued_) look_back();
  return *events_;
}

/// The evaluation after `first_step` steps has that number too, and was forgotten with the steps to come. What earlier ones say of
/// constants is known to readers.
void TensorBoard::look_back() {
  std::ifstream log(start_.folder / "metrics.jsonl");
  for (std::string text; std::getline(log, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("evaluation")) continue;
    const int64_t step = line["step"];
    for (const auto& [key, value] : line.items()) {
      const bool is_error = key.ends_with("_error") && line.contains(key.substr(0, key.size() - std::string_view("_error").size()));
      if (key == "step" || !value.is_number() || is_error) continue;
      if (step == start_.first_step) metric(line["evaluation"], key, step, value);
      if (step < start_.first_step && key.starts_with(baseline)) constants_[tag_of(line["evaluation"], key)] = value.get<float>();
    }
  }
}

void TensorBoard::scalar(const std::string& tag, int64_t step, double value) {
  if (std::isfinite(value)) events().scalar(tag, step, value);
}

void TensorBoard::metric(const std::string& set, const std::string& name, int64_t step, double value) {
  const std::string tag = tag_of(set, name);
  if (name.starts_with(baseline)) {
    const auto shown = static_cast<float>(value);
    if (const auto known = constants_.find(tag); known != constants_.end() && known->second == shown) return;
    constants_[tag] = shown;
  }
  scalar(tag, step, value);
}

void TensorBoard::first_batch(const BatchPictures& pictures) {
  formats::EventWriter& out = events();
  if (continued_) return;
  for (size_t v = 0; v < pictures.views.size();) {
    const std::string& group = pictures.views[v].group;
    std::vector<const std::vector<Image>*> columns;
    for (; v < pictures.views.size() && pictures.views[v].group == group; ++v) columns.push_back(&pictures.views[v].images);
    const Image sheet = mosaic(columns);
    const std::vector<uint8_t> png = imaging::encode_png(sheet);
    out.image("Views/" + group, pictures.step, {{reinterpret_cast<const char*>(png.data()), png.size()}, sheet.height, sheet.width});
  }
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
    for (const Metric& value : named.metrics.values) metric(named.name, value.full_name(), step, value.value);
  }
  events().flush();
}

void TensorBoard::saving() {
  if (events_) events_->flush();
}

/// The file stays open: whether the run came to its end is said next, or never.
void TensorBoard::stopped() {}

void TensorBoard::finished(const RunEnd&) {
  if (events_) events_->finished();
  events_.reset();
}

}  // namespace lafs
