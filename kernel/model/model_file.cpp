#include "kernel/model/model_file.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "formats/archive_kind.h"
#include "formats/file_kind.h"
#include "formats/mapped_file.h"
#include "formats/zip_archive.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/resolver.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

TrainedModel trained_elsewhere(const fs::path& file, const std::string& backbone, const std::string& options, const InputContract& input) {
  TrainedModel model;
  model.checkpoint = file;
  model.trained_here = false;
  model.facts.backbone = backbone;
  model.facts.backbone_options = options;
  model.facts.input = input;
  return model;
}

/// TOML of an option that names a file.
std::string path_option(const std::string& key, const fs::path& file) {
  Node table, path;
  path.value = fs::absolute(file).lexically_normal().string();
  table.put(key, path);
  return document_text(table);
}

std::string caffe_options(const fs::path& weights) {
  const fs::path network = fs::path(weights).replace_extension(".prototxt");
  if (!fs::is_regular_file(network)) {
    throw Error(fmt::format("\"{}\" is Caffe's weights alone, and their network \"{}\" is not beside them", weights.string(),
                            network.filename().string()));
  }
  return path_option("file", weights) + path_option("config", network);
}

}  // namespace

bool is_plain_model_file(const fs::path& path) { return fs::is_regular_file(path) && path.extension() != ".toml"; }

TrainedModel open_model(const ModelRequest& request, Registry& registry) {
  if (is_plain_model_file(request.path)) return model_of_file(request.path, input_of(request.input, registry));
  if (!request.input.empty())
    throw Error(fmt::format("\"{}\" has its own input contract; --input is for files, which have none", request.path.string()));
  if (!fs::is_regular_file(request.path)) return find_model(request.path, request.stage, request.stage_is_recipes);
  return model_of_recipe(open_recipe(request.path, request.context, registry), registry);
}

TrainedModel model_of_file(const fs::path& file, const InputContract& input) {
  if (file.extension() == ".caffemodel") return trained_elsewhere(file, "onnx", caffe_options(file), input);
  const formats::MappedFile mapped(file);
  const auto kind = formats::file_kind(mapped.bytes());
  if (formats::is_torchscript(mapped.bytes())) return trained_elsewhere(file, "torchscript", path_option("file", file), input);
  if (file.extension() == ".onnx" || (kind && kind->what == "an ONNX model"))
    return trained_elsewhere(file, "onnx", path_option("file", file), input);
  if (kind) throw Error(fmt::format("\"{}\" is not a model: it is {}", file.string(), kind->what));
  if (formats::looks_like_safetensors(mapped.bytes()) || formats::looks_like_zip(mapped.bytes()))
    throw Error(fmt::format(
        "\"{}\" holds tensors and no network: put them into one by [[init]], or export the network as ONNX or TorchScript", file.string()));
  throw Error(fmt::format("\"{}\" is not a model: neither a run or checkpoint folder, nor ONNX, Caffe or TorchScript", file.string()));
}

TrainedModel model_of_recipe(const Recipe& recipe, const Registry& registry) {
  const std::vector<std::string> capable = registry.with_capability(Backbone::kind, "inference_only");
  if (std::find(capable.begin(), capable.end(), recipe.backbone.name) == capable.end()) {
    throw Error(fmt::format("\"{}\" is not a trained model: give the folder of a run, or a recipe whose [backbone] only infers{}",
                            recipe.file.string(), suggest_capable(capable)));
  }
  return trained_elsewhere(recipe.file, recipe.backbone.name, options_text(recipe.backbone), recipe.input);
}

InputContract input_of(const std::string& toml, const Registry& registry) {
  InputContract input;
  if (toml.empty()) return input;
  const Node node = parse_value({"--input"}, toml);
  if (!node.fields()) throw RecipeError({fmt::format("--input: error: expected a table, \"{{ colour = ... }}\", found \"{}\"", toml)});
  Diagnostics diagnostics;
  const Roots roots;
  const ReadContext context{diagnostics, registry, roots, false, std::nullopt};
  Reader reader(context, &node, node.position, "[input]", "key");
  input.declare(reader);
  reader.finish();
  diagnostics.throw_if_any();
  return input;
}

std::string unstated_input(const TrainedModel& model) {
  const InputContract& input = model.facts.input;
  return fmt::format(
      "nobody said what \"{}\" was fed; taken: pictures of {} x {} pixels, {}, values by preset \"{}\", embeddings by flip \"{}\"; say it "
      "by [input] "
      "in the recipe, or with --input",
      model.checkpoint.string(), input.height, input.width, input.colour, input.preset, input.flip);
}

}  // namespace lafs
