#include "kernel/evaluate/picture_score.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <torch/nn/module.h>

#include "formats/fingerprint.h"
#include "imaging/decode.h"
#include "kernel/data/picture_shapes.h"
#include "kernel/evaluate/mislabelled.h"
#include "kernel/model/model_file.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// Pictures of files, each of a person of its own. They are decoded once, when it is made.
class PictureFiles final : public DataSource {
 public:
  explicit PictureFiles(const std::vector<fs::path>& files) : files_(files) {
    for (const fs::path& file : files) pictures_.push_back(imaging::read_image(file));
  }

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  int64_t identities() const override { return size(); }
  Sample get(int64_t index) const override {
    Sample sample;
    sample.image = pictures_.at(static_cast<size_t>(index));
    sample.identity = index;
    sample.index = index;
    sample.key = key(index);
    return sample;
  }
  int64_t identity(int64_t index) const override { return index; }
  std::string key(int64_t index) const override { return file(index).string(); }
  std::optional<int64_t> find(const std::string& key) const override {
    for (int64_t i = 0; i < size(); ++i)
      if (file(i) == key) return i;
    return std::nullopt;
  }
  std::string fingerprint() const override {
    formats::Fingerprint fingerprint;
    for (const fs::path& file : files_) fingerprint.add(file.string());
    return fingerprint.hex();
  }

 private:
  const fs::path& file(int64_t index) const { return files_.at(static_cast<size_t>(index)); }

  std::vector<fs::path> files_;
  std::vector<Image> pictures_;
};

void require_direction(std::span<const float> embedding) {
  if (std::all_of(embedding.begin(), embedding.end(), [](float x) { return x == 0; }))
    throw Error("an embedding is 0 everywhere: it has no direction to compare");
}

}  // namespace

PictureScore picture_score(const PictureScoreRequest& request, Registry& registry) {
  const auto pictures = std::make_shared<PictureFiles>(std::vector<fs::path>{request.first, request.second});
  const TrainedModel model = open_model({request.checkpoint, request.stage, false, request.input, request.context}, registry);
  if (is_plain_model_file(request.checkpoint) && request.input.empty()) request.note(unstated_input(model));
  for (const std::string& note : shape_notes(*pictures, model.facts.input)) request.note(note);
  EmbedderOptions options = request.options;
  options.batch = pictures->size();
  options.device = open_device(request.device);
  use_threads(request.threads);
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(options.device);
  ModelEmbedder embedder(backbone, model.facts.input, options);
  const auto features = embedder.embed({{.name = "pictures", .source = pictures}});
  const FeatureMatrix rows = features->of("pictures");
  for (int64_t row : {0, 1}) require_direction(rows.row(row));
  return {cosine_of_rows(rows, 0, 1), model.checkpoint};
}

}  // namespace lafs
