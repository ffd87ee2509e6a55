#include "consistency.h"

#include <algorithm>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/reporter.h"
#include "lafs/suggestion.h"
#include "nn/layers/function.h"
#include "nn/layers/tree.h"

namespace lafs::identification {

void ConsistencyOptions::declare(Params& p) {
  const bool off = source.empty();
  const auto option = [&](const char* key, auto& member, const Rule& rule, const char* doc) {
    off ? p.affects_nothing(key, member, rule, doc) : p(key, member, rule, doc);
  };
  option("consistency_source", source, {},
         "network whose landmarks those in training are held near; frozen, its weights come from [[init]] into = \"consistency_source\" "
         "(quirk FT-29: the published code has this loss switched off)");
  option("consistency_weights", weights, at_least(0),
         "weight of the landmarks' mean square distance, epoch by epoch as consistency_until says");
  option("consistency_until", until, at_least(1), "epochs, counted from 0, from which on the next weight holds");
}

namespace {

void check_table(const ConsistencyOptions& options) {
  if (options.weights.size() != options.until.size() + 1) {
    throw Error(fmt::format("consistency_weights has {} numbers and consistency_until {}: there must be one weight more",
                            options.weights.size(), options.until.size()));
  }
  if (std::ranges::adjacent_find(options.until, std::ranges::greater_equal()) != options.until.end())
    throw Error("consistency_until must rise from epoch to epoch");
}

}  // namespace

std::optional<LandmarkConsistency> landmark_consistency(const ConsistencyOptions& options, Backbone& backbone, Assembly& assembly) {
  if (!options.source.empty()) return LandmarkConsistency(options, backbone, assembly);
  const ConsistencyOptions defaults;
  if (options.weights != defaults.weights || options.until != defaults.until)
    throw Error("consistency_weights and consistency_until have no effect without consistency_source");
  return std::nullopt;
}

LandmarkConsistency::LandmarkConsistency(const ConsistencyOptions& options, Backbone& backbone, Assembly& assembly)
    : options_(options),
      embedding_(dynamic_cast<LandmarkedEmbedding*>(&backbone)),
      source_(options.source.make(assembly.input())),
      landmarks_(dynamic_cast<Landmarked*>(source_.get())),
      width_(static_cast<double>(assembly.input().width - 1)),
      height_(static_cast<double>(assembly.input().height - 1)) {
  check_table(options_);
  const auto* own = dynamic_cast<const Landmarked*>(&backbone);
  if (!embedding_ || !own) {
    throw Error("consistency_source has no effect: the backbone does not give its landmarks while training" +
                suggest_capable(assembly.plugins_with(Backbone::kind, "landmarked_embedding")));
  }
  if (!embedding_->landmarks_train()) throw Error("consistency_source has no effect: the landmarks of the backbone do not train");
  if (!landmarks_) {
    throw Error(fmt::format("consistency_source \"{}\" gives no landmarks{}", options.source.name,
                            suggest_capable(assembly.plugins_with(Backbone::kind, "landmarks"))));
  }
  if (landmarks_->landmark_count() != own->landmark_count()) {
    throw Error(fmt::format("consistency_source \"{}\" gives {} landmarks, but the backbone has {}", options.source.name,
                            landmarks_->landmark_count(), own->landmark_count()));
  }
  for (const auto& [name, parameter] : nn::parameters_of(*source_->module())) parameter.requires_grad_(false);
  if (!assembly.loads("consistency_source")) {
    assembly.note(
        "consistency_source starts from random weights, so landmarks are held near arbitrary points; give [[init]] into = "
        "\"consistency_source\" those of a trained network");
  }
}

double LandmarkConsistency::weight(const Step& step) const {
  const auto next = std::ranges::upper_bound(options_.until, step.time.epoch);
  return options_.weights[static_cast<size_t>(next - options_.until.begin())];
}

at::Tensor LandmarkConsistency::embed(const at::Tensor& images, const Step& step, const Pass& pass, at::Tensor& loss) const {
  at::Tensor points;
  const at::Tensor embedding = embedding_->forward_with_landmarks(images, pass, points);
  const double k = weight(step);
  if (k == 0) return embedding;
  if (!points.requires_grad()) throw Error("consistency_source has no effect: the landmarks of the backbone are frozen in this step");
  const nn::AutocastOff off;
  at::Tensor wanted;
  {
    const at::NoGradGuard no_grad;
    wanted = landmarks_->landmarks(nn::widened(images), Pass{});
  }
  const at::Tensor sides = at::tensor({width_, height_}, points.options().dtype(at::kFloat).requires_grad(false));
  const at::Tensor distance = at::mse_loss(nn::widened(points) / sides, wanted / sides);
  step.reporter.value("landmark_consistency", distance);
  loss = k * distance;
  return embedding;
}

}  // namespace lafs::identification
