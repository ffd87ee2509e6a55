#include "kernel/evaluate/embed_source.h"

#include <memory>
#include <numeric>
#include <vector>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "formats/fingerprint.h"
#include "formats/mapped_file.h"
#include "formats/safetensors.h"
#include "kernel/evaluate/feature_file.h"
#include "kernel/model/model_file.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/document.h"
#include "lafs/content_hashed.h"
#include "lafs/stamp.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// Hash of the recorded hashes of all tensors: weights of another training, step or import have another one. Of a model that was trained
/// elsewhere: of its files and options.
std::string fingerprint_of(const TrainedModel& model) {
  formats::Fingerprint fingerprint;
  if (!model.trained_here) {
    const Node options = parse_toml(model.facts.backbone_options, model.checkpoint.string(), {});
    for (const Field& option : *options.fields()) {
      const std::string* file = option.value.string();
      if (!file || !fs::is_regular_file(*file)) {
        fingerprint.add(option.name).add(inline_text(option.value));
        continue;
      }
      const formats::MappedFile content(*file);
      fingerprint.add({reinterpret_cast<const char*>(content.bytes().data()), content.bytes().size()});
    }
    return fingerprint.hex();
  }
  const formats::SafetensorsReader reader(model.checkpoint / "weights.safetensors");
  for (const auto& [name, value] : reader.metadata()) fingerprint.add(name).add(value);
  return fingerprint.hex();
}

/// Everything that decides a number of the features.
nlohmann::json facts_of(const EmbeddingRequest& request, const TrainedModel& model, const Registry& registry, const DataSource& source,
                        at::Device device) {
  ContentRequest contents;
  contents.go_on = [&](int64_t done, int64_t total) {
    request.reading(done, total);
    return !request.stop();
  };
  contents.note = request.note;
  nlohmann::json facts = {{"checkpoint", fs::canonical(model.checkpoint).string()},
                          {"step", model.position.step},
                          {"training_identity", model.facts.identity},
                          {"weights", fingerprint_of(model)},
                          {"backbone", model.facts.backbone},
                          {"backbone_revision", registry.find("backbone", model.facts.backbone)->registration.revision},
                          {"program", LAFS_VERSION},
                          {"libtorch", this_build().torch.data()},
                          {"data_fingerprint", content_fingerprint_of(source, contents)},
                          {"flip", request.flip},
                          {"class_tokens", request.class_tokens},
                          {"batch", request.options.batch},
                          {"precision", request.options.precision},
                          {"device", device.str()},
                          {"threads", request.threads}};
  if (!model.trained_here) facts["input"] = input_json(model.facts.input);  // else it follows from the training
  return facts;
}

/// The pictures named, or those the model was trained on.
OpenSource open_pictures(const EmbeddingRequest& request, const TrainedModel& model, Registry& registry) {
  if (request.source.given()) return open_source(request.source, request.context, registry);
  check_source_keys(request.context);
  if (is_plain_model_file(request.checkpoint))
    throw Error(
        fmt::format("\"{}\" was not trained here: name the pictures to embed, as SOURCE or with --source", request.checkpoint.string()));
  return open_source(training_recipe(model, request.context, registry).data_source);
}

/// Of the embedding or of class tokens, twice where picture and mirror stand side by side.
int64_t row_width(const EmbeddingRequest& request, const TrainedModel& model, const Backbone& backbone) {
  const std::string flip = request.flip == "contract" ? model.facts.input.flip : request.flip;
  return backbone.embed_dim() * std::max<int64_t>(request.class_tokens, 1) * (flip == "both" ? 2 : 1);
}

/// Adds the rows that are missing, until the end or until a stop is asked for.
void embed_rest(const EmbeddingRequest& request, const EmbedderOptions& options, const std::shared_ptr<Backbone>& backbone,
                const InputContract& input, const std::shared_ptr<const DataSource>& source, int64_t chunk, FeatureFile& file) {
  const int64_t total = source->size();
  if (file.finished()) return;
  request.progress(file.rows(), total);
  EmbedderOptions reporting = options;
  reporting.progress = [&](int64_t embedded, int64_t) { request.progress(file.rows() + embedded, total); };
  ModelEmbedder embedder(backbone, input, reporting);
  while (file.rows() < total && !request.stop()) {
    std::vector<int64_t> indices(static_cast<size_t>(std::min(chunk, total - file.rows())));
    std::iota(indices.begin(), indices.end(), file.rows());
    const auto features = embedder.embed({{"features", source, indices, request.flip, request.class_tokens, false}});
    file.append(features->of("features").values);
  }
}

}  // namespace

EmbeddingOutcome embed_source(const EmbeddingRequest& request, Registry& registry) {
  RecipeContext roots;
  roots.data_root = request.context.data_root;
  const TrainedModel model = open_model({request.checkpoint, request.stage, false, request.input, roots}, registry);
  if (is_plain_model_file(request.checkpoint) && request.input.empty()) request.note(unstated_input(model));
  EmbedderOptions options = request.options;
  options.device = open_device(request.device);
  use_threads(request.threads);
  const OpenSource pictures = open_pictures(request, model, registry);
  for (const std::string& note : pictures.notes) request.note(note);
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(options.device);

  // Whole batches, so that rows are the same wherever the work was stopped.
  const int64_t chunk = 4 * options.batch, total = pictures.source->size();
  const int64_t width = row_width(request, model, *backbone);
  FeatureFile file(request.out, {total, width, chunk}, facts_of(request, model, registry, *pictures.source, options.device),
                   request.replace, [&] { return pictures.source->fingerprint(); });
  if (file.renewed())
    request.note(
        "the features are from before the contents of pictures were part of the fingerprint: names, sizes and labels are the same");
  embed_rest(request, options, backbone, model.facts.input, pictures.source, chunk, file);
  const EmbeddingOutcome outcome{file.rows(), total, pictures.source->identities(), width, file.finished()};
  if (outcome.embedded == total) file.finish(*pictures.source);
  return outcome;
}

}  // namespace lafs
