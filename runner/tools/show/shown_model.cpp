#include "runner/tools/show/shown_model.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "imaging/decode.h"
#include "kernel/data/pixels.h"
#include "kernel/model/trained_model.h"
#include "kernel/recipe/recipe.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct Part {
  std::string path;
  Use<Backbone> use;
};

/// The backbones among options that were read before.
class BackboneOptions final : public Params {
 public:
  explicit BackboneOptions(std::vector<Part>& parts) : parts_(parts) {}

 private:
  void visit(const Option& option) override {
    const auto* use = std::get_if<AnyUse*>(&option.slot);
    if (use && (*use)->kind() == Backbone::kind && !(*use)->empty())
      parts_.push_back({std::string(option.key), static_cast<const Use<Backbone>&>(**use)});
  }
  bool keeps_values() const override { return true; }

  std::vector<Part>& parts_;
};

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

std::vector<Part> parts_of(const TrainedModel& model, const WeightsFile& weights, Registry& registry) {
  const Recipe recipe = training_recipe(model, {}, registry);
  const Use<Backbone> encoder = encoder_of(model, registry);
  std::vector<Part> parts{{model.facts.encoder, encoder}};
  for (const std::string& path : backbone_paths(weights)) {
    if (path != model.facts.encoder) parts.push_back({path, encoder});
  }
  BackboneOptions others(parts);
  recipe.objective.options->copy()->declare(others);
  return parts;
}

bool has(const Registry& registry, const std::string& plugin, const std::string& capability) {
  const RegistryEntry* entry = registry.find(Backbone::kind, plugin);
  if (!entry) return false;
  const auto& all = entry->registration.capabilities;
  return std::find(all.begin(), all.end(), capability) != all.end();
}

std::string instead(const Registry& registry, const std::string& capability) {
  std::vector<std::string> names;
  for (const std::string& name : registry.names(Backbone::kind)) {
    if (has(registry, name, capability)) names.push_back(fmt::format("\"{}\"", name));
  }
  return names.empty() ? "" : fmt::format("; {} would do", fmt::join(names, ", "));
}

const Part& chosen_part(const std::vector<Part>& parts, const fs::path& checkpoint, const std::string& of, const std::string& capability,
                        const Registry& registry) {
  std::vector<std::string> paths;
  for (const Part& part : parts) {
    paths.push_back(part.path);
    if (of.empty() ? !has(registry, part.use.name, capability) : part.path != of) continue;
    if (has(registry, part.use.name, capability)) return part;
    throw Error(fmt::format("\"{}\" of \"{}\" is a backbone \"{}\", which shows no {}{}", of, checkpoint.string(), part.use.name,
                            capability, instead(registry, capability)));
  }
  if (!of.empty()) throw Error(fmt::format("\"{}\" has no backbone at \"{}\"{}", checkpoint.string(), of, suggestion(of, paths)));
  throw Error(fmt::format("no backbone of \"{}\" shows {}: \"{}\" is a \"{}\"{}", checkpoint.string(), capability, parts.front().path,
                          parts.front().use.name, instead(registry, capability)));
}

}  // namespace

ShownModel open_model(const fs::path& named, const std::string& of, const std::string& capability, Registry& registry) {
  const TrainedModel model = find_model(named, "");
  const WeightsFile weights(model.checkpoint / "weights.safetensors");
  const std::vector<Part> parts = parts_of(model, weights, registry);
  const Part& part = chosen_part(parts, named, of, capability, registry);
  return {part.use.name, part.path, model.position.step, model.facts.input, load_backbone(model, part.use, part.path, weights)};
}

FedPicture fed_picture(const fs::path& file, const InputContract& input) {
  const Image image = read_image(file);
  return {file.string(), image.height, image.width, fitted(image, input)};
}

at::Tensor network_input(const FedPicture& picture, const InputContract& input) {
  at::Tensor bytes = at::empty({1, picture.image.height, picture.image.width, Image::channels}, at::kByte);
  std::copy_n(picture.image.bytes.get(), picture.image.size(), bytes.data_ptr<uint8_t>());
  return to_network(bytes, input, at::kCPU);
}

}  // namespace lafs
