#include "runner/tools/show/shown_model.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "imaging/decode.h"
#include "kernel/data/pixels.h"
#include "kernel/model/networks.h"
#include "kernel/model/trained_model.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/recipe.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// Paths that end on "backbone" of a file's tensors, each once.
std::vector<std::string> backbone_paths(const WeightsFile& file) {
  std::vector<std::string> paths;
  for (const std::string& name : file.names()) {
    const std::string dotted = fmt::format(".{}", name);
    const size_t found = dotted.find(".backbone.");
    if (found == std::string::npos) continue;
    std::string path = name.substr(0, found + std::string_view("backbone").size());
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
  }
  return paths;
}

/// Of a checkpoint that does not list its networks: each is taken to have the options of the encoder, or those of the objective that built
/// it.
std::vector<PlacedBackbone> guessed_parts(const TrainedModel& model, const WeightsFile& weights, const Use<Backbone>& encoder,
                                          const Recipe& recipe) {
  std::vector<PlacedBackbone> parts;
  for (const std::string& path : backbone_paths(weights)) {
    if (path != model.facts.encoder) parts.push_back({path, encoder});
  }
  for (const PlacedBackbone& other : objective_backbones(recipe)) parts.push_back(other);
  return parts;
}

/// The encoder first.
std::vector<PlacedBackbone> parts_of(const TrainedModel& model, const WeightsFile& weights, Registry& registry) {
  const Recipe recipe = training_recipe(model, {}, registry);  // its [run] plugins may make the networks
  std::vector<PlacedBackbone> parts{{model.facts.encoder, encoder_of(model, registry)}};
  if (model.facts.networks.empty()) {
    const auto more = guessed_parts(model, weights, parts.front().use, recipe);
    parts.insert(parts.end(), more.begin(), more.end());
  }
  for (const NetworkFacts& network : model.facts.networks) {
    if (network.path == model.facts.encoder) continue;
    Use<Backbone> use(network.plugin);
    read_options(network.options, fmt::format("{} {}", (model.checkpoint / "state.json").string(), network.path), use, registry);
    parts.push_back({network.path, use});
  }
  return parts;
}

const PlacedBackbone& chosen_part(const std::vector<PlacedBackbone>& parts, const fs::path& checkpoint, const std::string& of,
                                  const std::string& capability, const Registry& registry) {
  const std::vector<std::string> capable = registry.with_capability(Backbone::kind, capability);
  std::vector<std::string> paths;
  for (const PlacedBackbone& part : parts) {
    paths.push_back(part.path);
    const bool does = std::find(capable.begin(), capable.end(), part.use.name) != capable.end();
    if (of.empty() ? !does : part.path != of) continue;
    if (does) return part;
    throw Error(fmt::format("\"{}\" of \"{}\" is a backbone \"{}\", which shows no {}{}", of, checkpoint.string(), part.use.name,
                            capability, suggest_capable(capable)));
  }
  if (!of.empty()) throw Error(fmt::format("\"{}\" has no backbone at \"{}\"{}", checkpoint.string(), of, suggestion(of, paths)));
  throw Error(fmt::format("no backbone of \"{}\" shows {}: \"{}\" is a \"{}\"{}", checkpoint.string(), capability, parts.front().path,
                          parts.front().use.name, suggest_capable(capable)));
}

}  // namespace

ShownModel open_model(const fs::path& named, const std::string& stage, const std::string& of, const std::string& capability,
                      Registry& registry) {
  const TrainedModel model = find_model(named, stage);
  const WeightsFile weights(model.checkpoint / "weights.safetensors");
  const std::vector<PlacedBackbone> parts = parts_of(model, weights, registry);
  const PlacedBackbone& part = chosen_part(parts, named, of, capability, registry);
  return {part.use.name, part.path, model.position.step, model.facts.input, load_backbone(model, part.use, part.path, weights)};
}

FedPicture fed_picture(const fs::path& file, const InputContract& input) {
  const Image image = imaging::read_image(file);
  return {file.string(), image.height, image.width, fitted(image, input)};
}

at::Tensor network_input(const FedPicture& picture, const InputContract& input) {
  at::Tensor bytes = at::empty({1, picture.image.height, picture.image.width, Image::channels}, at::kByte);
  std::copy_n(picture.image.bytes.get(), picture.image.size(), bytes.data_ptr<uint8_t>());
  return to_network(bytes, input, at::kCPU);
}

}  // namespace lafs
