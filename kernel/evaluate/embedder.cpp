#include "kernel/evaluate/embedder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <tuple>

#include "kernel/data/pixels.h"
#include "kernel/evaluate/decoder.h"
#include "kernel/evaluate/embedding_plan.h"
#include "kernel/evaluate/named_features.h"
#include "kernel/evaluate/prefixed.h"
#include "kernel/model/autocast.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

struct FeatureTable {
  std::vector<float> values;
  int64_t rows = 0, width = 0;
};

/// One model's part of an embedding: runs the network over decoded pictures, and puts rows where they are wanted.
class EmbeddingRun {
 public:
  EmbeddingRun(std::string name, Backbone* backbone, const InputContract& input, const EmbedderOptions& options, EmbeddingPlan plan)
      : name_(std::move(name)),
        backbone_(backbone),
        input_(input),
        options_(options),
        plan_(std::move(plan)),
        features_(std::make_shared<NamedFeatures>()) {
    for (const PlannedRequest& request : plan_.requests) {
      const int64_t one = request.pixels      ? input_.height * input_.width
                          : request.landmarks ? 2 * landmarked(request.name).landmark_count()
                                              : width(request.feature);
      const auto table = std::make_shared<FeatureTable>(FeatureTable{{}, request.rows, request.flip == "both" ? 2 * one : one});
      table->values.resize(static_cast<size_t>(table->rows * table->width));
      features_->matrices.emplace(request.name, FeatureMatrix{table->values, table->rows, table->width});
      features_->owners.push_back(table);
      tables_.push_back(table.get());
    }
  }

  const EmbeddingPlan& plan() const { return plan_; }
  const InputContract& input() const { return input_; }
  const EmbedderOptions& options() const { return options_; }

  /// A batch of the plan, decoded: [batch,H,W,3] uint8. The batches come in the order of the plan.
  void take(size_t number, const at::Tensor& bytes) {
    const PlannedBatch& batch = plan_.batches[number];
    prefixed(name_, [&] {
      if (batch.pixels) put_pixels(batch, bytes);
      if (batch.landmarks) put_landmarks(batch, bytes);
      if (!batch.features.empty()) put_embeddings(batch, bytes);
    });
  }

  std::shared_ptr<const Features> features() const { return features_; }

 private:
  int64_t width(const NetworkFeature& feature) const {
    if (!backbone_) throw Error("embeddings were asked for, but there is no backbone");
    if (feature.class_tokens > 0 && !dynamic_cast<Attentive*>(backbone_)) {
      throw Error(fmt::format("class tokens of the last {} blocks were asked for, but the backbone shows none", feature.class_tokens));
    }
    return backbone_->embed_dim() * (std::max<int64_t>(feature.class_tokens, 1) + (feature.mean_patch ? 1 : 0));
  }

  Landmarked& landmarked(const std::string& request) const {
    if (auto* network = dynamic_cast<Landmarked*>(backbone_)) return *network;
    throw Error(fmt::format("request \"{}\" asks for landmarks, but {}", request,
                            backbone_ ? "the backbone finds none: evaluate one that does, such as \"part_fvit\"" : "there is no backbone"));
  }

  void put_landmarks(const PlannedBatch& batch, const at::Tensor& bytes) {
    const at::Tensor images = to_network(bytes, input_, options_.device);
    Landmarked& network = landmarked("landmarks");
    const at::Tensor points = network.landmarks(images, Pass{false, nullptr}).flatten(1).to(at::kCPU, at::kFloat).contiguous();
    const int64_t wide = 2 * network.landmark_count();
    if (points.dim() != 2 || points.size(0) != images.size(0) || points.size(1) != wide)
      throw Error(
          fmt::format("the backbone returned landmarks [{}], expected [{},{}]", fmt::join(points.sizes(), ","), images.size(0), wide));
    check(batch, points, "landmarks");
    put(batch, points, at::Tensor(), [](const PlannedRequest& request) { return request.landmarks; });
  }

  void put_pixels(const PlannedBatch& batch, const at::Tensor& bytes) {
    const at::Tensor unit = bytes.to(at::kFloat);
    const at::Tensor grey = (unit.select(-1, 0) * 0.299 + unit.select(-1, 1) * 0.587 + unit.select(-1, 2) * 0.114) / 255;
    put(batch, grey.flatten(1), mirrored(grey).flatten(1), [](const PlannedRequest& request) { return request.pixels; });
  }

  void put_embeddings(const PlannedBatch& batch, const at::Tensor& bytes) {
    const at::Tensor images = to_network(bytes, input_, options_.device);
    at::Tensor mirror;
    for (size_t f = 0; f < batch.features.size(); ++f) {
      const NetworkFeature& feature = batch.features[f];
      const at::Tensor plain = forward(images, feature);
      at::Tensor other;
      if (batch.mirrors[f]) {
        if (!mirror.defined()) mirror = mirrored(images);
        other = forward(mirror, feature);
      }
      check(batch, plain, "embedding");
      if (other.defined()) check(batch, other, "embedding of the mirror");
      put(batch, plain, other,
          [&feature](const PlannedRequest& request) { return !request.pixels && !request.landmarks && request.feature == feature; });
    }
  }

  /// [B, width] float32 on the CPU.
  at::Tensor forward(const at::Tensor& images, const NetworkFeature& feature) const {
    at::Tensor out;
    {
      const Autocast precision(options_.precision, options_.device.type());
      out = feature.class_tokens > 0
                ? dynamic_cast<Attentive&>(*backbone_).class_tokens(images, feature.class_tokens, feature.mean_patch).flatten(1)
                : backbone_->forward(images, Pass{false, nullptr});
    }
    if (out.dim() != 2 || out.size(0) != images.size(0) || out.size(1) != width(feature)) {
      throw Error(fmt::format("the backbone returned [{}], expected [{},{}]", fmt::join(out.sizes(), ","), images.size(0), width(feature)));
    }
    return out.to(at::kCPU, at::kFloat).contiguous();
  }

  void check(const PlannedBatch& batch, const at::Tensor& rows, const std::string& what) const {
    const float* values = rows.data_ptr<float>();
    const int64_t wide = rows.size(1);
    for (size_t i = 0; i < batch.pictures.size(); ++i) {
      for (int64_t d = 0; d < wide; ++d) {
        if (std::isfinite(values[static_cast<int64_t>(i) * wide + d])) continue;
        const PlannedPicture& picture = plan_.pictures[static_cast<size_t>(batch.pictures[i])];
        throw Error(fmt::format("the {} of {} {} not finite", what, picture_name(picture), what.ends_with('s') ? "are" : "is"));
      }
    }
  }

  /// Rows of the batch into every request that `wanted` chooses, under its flip rule.
  template <typename Chooses>
  void put(const PlannedBatch& batch, const at::Tensor& plain, const at::Tensor& mirror, const Chooses& wanted) {
    const at::Tensor a = plain.contiguous(), b = mirror.defined() ? mirror.contiguous() : at::Tensor();
    const int64_t wide = a.size(1);
    for (size_t i = 0; i < batch.pictures.size(); ++i) {
      const PlannedPicture& picture = plan_.pictures[static_cast<size_t>(batch.pictures[i])];
      const float* own = a.data_ptr<float>() + static_cast<int64_t>(i) * wide;
      const float* other = b.defined() ? b.data_ptr<float>() + static_cast<int64_t>(i) * wide : nullptr;
      for (int64_t u = picture.first_use; u < picture.first_use + picture.uses; ++u) {
        const FeatureRow& use = plan_.uses[static_cast<size_t>(u)];
        const PlannedRequest& request = plan_.requests[static_cast<size_t>(use.request)];
        if (!wanted(request)) continue;
        FeatureTable& table = *tables_[static_cast<size_t>(use.request)];
        float* to = table.values.data() + use.row * table.width;
        std::copy_n(own, wide, to);
        if (request.flip == "both") std::copy_n(other, wide, to + wide);
        if (request.flip == "sum") std::transform(own, own + wide, other, to, std::plus<>());
      }
    }
  }

  const std::string name_;
  Backbone* backbone_;
  const InputContract& input_;
  const EmbedderOptions& options_;
  const EmbeddingPlan plan_;
  std::shared_ptr<NamedFeatures> features_;
  std::vector<FeatureTable*> tables_;
};

/// Whether the decoded pictures of one serve the other: the same pictures in the same batches, brought to the same size and place.
bool same_pictures(const EmbeddingRun& a, const EmbeddingRun& b) {
  const InputContract &one = a.input(), &other = b.input();
  const auto frame = [](const InputContract& input) { return std::tie(input.height, input.width, input.interpolation, input.shift); };
  if (frame(one) != frame(other) || a.options().batch != b.options().batch) return false;
  const auto same_batch = [](const PlannedBatch& x, const PlannedBatch& y) { return x.pictures == y.pictures; };
  std::map<const DataSource*, const DataSource*> known;  // fingerprints are asked once a source
  const auto same_picture = [&](const PlannedPicture& x, const PlannedPicture& y) {
    if (x.source_number != y.source_number || x.index != y.index) return false;
    const auto found = known.find(x.source);
    if (found != known.end()) return found->second == y.source;
    known.emplace(x.source, y.source);
    return x.source == y.source || x.source->fingerprint() == y.source->fingerprint();
  };
  return std::ranges::equal(a.plan().batches, b.plan().batches, same_batch) &&
         std::ranges::equal(a.plan().pictures, b.plan().pictures, same_picture);
}

/// How far an embedding of several models is.
struct EmbeddingProgress {
  const EmbedderOptions& options;
  int64_t done = 0, total = 0;

  void add(int64_t pictures) {
    done += pictures;
    if (options.progress) options.progress(done, total);
  }
};

/// All models that share their pictures.
void embed_group(const std::vector<EmbeddingRun*>& group, EmbeddingProgress& progress) {
  const EmbeddingRun& first = *group.front();
  const EmbedderOptions& options = first.options();
  Decoder decoder(first.plan(), first.input(), options.batch, options.threads);
  for (size_t b = 0; b < first.plan().batches.size(); ++b) {
    if (progress.options.stop && progress.options.stop()) throw EmbeddingStopped();
    const at::Tensor bytes = at::from_blob(decoder.next(), {options.batch, first.input().height, first.input().width, 3}, at::kByte);
    for (EmbeddingRun* run : group) run->take(b, bytes);
    progress.add(static_cast<int64_t>(first.plan().batches[b].pictures.size()));
  }
}

}  // namespace

ModelEmbedder::ModelEmbedder(std::shared_ptr<Backbone> backbone, InputContract input, EmbedderOptions options)
    : backbone_(std::move(backbone)), input_(std::move(input)), options_(std::move(options)) {
  const std::vector<std::string> known{"fp32", "bf16", "fp16"};
  if (std::find(known.begin(), known.end(), options_.precision) == known.end()) {
    throw Error(fmt::format("precision = \"{}\" is not a choice{}", options_.precision, suggestion(options_.precision, known)));
  }
  if (options_.batch < 1) throw Error(fmt::format("a batch of {} pictures cannot be embedded", options_.batch));
  options_.threads = std::max<int64_t>(options_.threads, 1);
}

std::shared_ptr<const Features> ModelEmbedder::embed(const std::vector<FeatureRequest>& requests) {
  return embed_together({{this, requests, {}}}).front();
}

std::vector<std::shared_ptr<const Features>> embed_together(const std::vector<Embedding>& wanted) {
  if (wanted.empty()) return {};
  const at::NoGradGuard no_grad;
  std::deque<EmbeddingRun> runs;
  std::vector<std::vector<EmbeddingRun*>> groups;
  for (const auto& [model, requests, name] : wanted) {
    prefixed(name, [&] {
      EmbeddingPlan plan = plan_embedding(requests, model->input_, model->options_.batch);
      runs.emplace_back(name, model->backbone_.get(), model->input_, model->options_, std::move(plan));
    });
    const auto group = std::ranges::find_if(groups, [&](const auto& one) { return same_pictures(*one.front(), runs.back()); });
    if (group == groups.end()) {
      groups.push_back({&runs.back()});
    } else {
      group->push_back(&runs.back());
    }
  }
  EmbeddingProgress progress{wanted.front().model->options_};
  for (const auto& group : groups) progress.total += static_cast<int64_t>(group.front()->plan().pictures.size());
  for (const auto& group : groups) embed_group(group, progress);
  std::vector<std::shared_ptr<const Features>> out;
  for (const EmbeddingRun& run : runs) out.push_back(run.features());
  return out;
}

}  // namespace lafs
