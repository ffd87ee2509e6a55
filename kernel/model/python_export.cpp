#include "kernel/model/python_export.h"

#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "formats/safetensors.h"
#include "kernel/model/python_source.h"
#include "kernel/model/trained_model.h"
#include "kernel/recipe/resolver.h"
#include "kernel/registry/python_class.h"
#include "kernel/results/json_text.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder, bool replace) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) throw Error(fmt::format("\"{}\" is no folder", folder.string()));
  if (!replace && fs::is_directory(folder, error) && !fs::is_empty(folder, error))
    throw Error(fmt::format("\"{}\" is not empty; give another folder, or --force to write into it", folder.string()));
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the folder \"{}\": {}", folder.string(), error.message()));
}

nlohmann::json json_of(const Node& node) {
  if (const Node::Fields* fields = node.fields()) {
    nlohmann::json table = nlohmann::json::object();
    for (const Field& field : *fields) table[field.name] = json_of(field.value);
    return table;
  }
  if (const Node::List* list = node.list()) {
    nlohmann::json items = nlohmann::json::array();
    for (const Node& item : *list) items.push_back(json_of(item));
    return items;
  }
  if (const std::string* text = node.string()) return *text;
  if (const auto* truth = std::get_if<bool>(&node.value)) return *truth;
  if (const auto* whole = std::get_if<int64_t>(&node.value)) return *whole;
  return std::get<double>(node.value);
}

nlohmann::json config_of(const TrainedModel& model, const RegistryEntry& entry, const Use<Backbone>& use, int64_t embed_dim) {
  Node options = resolved_use(use);
  options.erase("use");
  return {{"backbone", use.name},   {"revision", entry.registration.revision},   {"options", json_of(options)},
          {"embedding", embed_dim}, {"training_identity", model.facts.identity}, {"step", model.position.step}};
}

/// The tensors below a path of the checkpoint's tree, under the names that they have from there.
size_t write_weights(const fs::path& file, const WeightsFile& weights, const std::string& path) {
  const std::string prefix = path.empty() ? "" : path + ".";
  std::vector<std::vector<std::byte>> bytes;
  std::vector<formats::TensorBytes> tensors;
  for (size_t i = 0; i < weights.tensors().size(); ++i) {
    const StoredTensor& tensor = weights.tensors()[i];
    if (!tensor.name.starts_with(prefix)) continue;
    // Vectors move when the outer one grows; what they hold stays where it is.
    const auto& data = bytes.emplace_back(weights.bytes(i));
    tensors.push_back({tensor.name.substr(prefix.size()), tensor.dtype, tensor.shape, data});
  }
  formats::write_safetensors(file, tensors, {{"format", "pt"}});
  return tensors.size();
}

}  // namespace

PythonExport export_python(const PythonExportRequest& request, const Registry& registry) {
  const TrainedModel model = find_model(request.checkpoint, request.stage);
  const Use<Backbone> use = encoder_of(model, registry);
  const RegistryEntry& entry = *registry.find("backbone", use.name);
  const fs::path class_file = python_class(entry);
  if (class_file.empty())
    throw Error(fmt::format("backbone \"{}\" of \"{}\" has no PyTorch class; backbones that have one: {}", use.name,
                            model.checkpoint.string(), fmt::join(with_python_class(registry, "backbone"), ", ")));
  const WeightsFile weights(model.checkpoint / "weights.safetensors");
  const int64_t embed_dim = load_backbone(model, use, model.facts.encoder, weights)->embed_dim();
  const std::string source = python_source(class_file, {{"BACKBONE_NAME", use.name}, {"EMBEDDING_WIDTH", fmt::format("{}", embed_dim)}});
  make_folder(request.folder, request.replace);
  const size_t tensors = write_weights(request.folder / "model.safetensors", weights, model.facts.encoder);
  write_json(request.folder / "config.json", config_of(model, entry, use, embed_dim));
  write_json(request.folder / "input.json", input_json(model.facts.input));
  formats::write_atomically(request.folder / "model.py", source);
  return {model.checkpoint, use.name, tensors, embed_dim};
}

}  // namespace lafs
