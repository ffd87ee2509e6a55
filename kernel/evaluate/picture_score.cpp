#include "kernel/evaluate/picture_score.h"

#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <torch/nn/module.h>

#include "formats/fingerprint.h"
#include "imaging/decode.h"
#include "kernel/data/picture_shapes.h"
#include "kernel/model/model_file.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// Pictures of files, each of a person of its own.
class PictureFiles final : public DataSource {
 public:
  explicit PictureFiles(std::vector<fs::path> files) : files_(std::move(files)) {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  int64_t identities() const override { return size(); }
  Sample get(int64_t index) const override {
    Sample sample;
    sample.image = imaging::read_image(file(index));
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
};

double cosine_of(std::span<const float> a, std::span<const float> b) {
  double product = 0, one = 0, other = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    one += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    other += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  if (one == 0 || other == 0) throw Error("an embedding is 0 everywhere: it has no direction to compare");
  return product / std::sqrt(one * other);
}

}  // namespace

double picture_score(const PictureScoreRequest& request, Registry& registry) {
  const auto pictures = std::make_shared<PictureFiles>(std::vector<fs::path>{request.first, request.second});
  for (int64_t i = 0; i < pictures->size(); ++i) imaging::read_image(pictures->key(i));  // before the model, which takes longer
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
  return cosine_of(rows.row(0), rows.row(1));
}

}  // namespace lafs
