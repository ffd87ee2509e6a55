#pragma once
#include <filesystem>
#include <string>

#include "kernel/model/trained_model.h"

namespace lafs {

/// Names a model on a command line.
struct ModelRequest {
  std::filesystem::path path;  ///< of a run or checkpoint, as `find_model` takes it; a file, as `model_of_file` does; or a recipe
  std::string stage;           ///< of a row of runs
  bool stage_is_recipes = false;
  std::string input;      ///< contract of a file as TOML, as `input_of` takes it
  RecipeContext context;  ///< of a recipe
};

/// Opens a model of any kind. Throws Error for an input contract beside a model that has its own. [main thread]
TrainedModel open_model(const ModelRequest& request, Registry& registry);

/// Whether a path names a file that `model_of_file` takes or refuses: no folder, no recipe.
bool is_plain_model_file(const std::filesystem::path& path);

/// A model that was trained elsewhere, with the contract that the caller gives: no such file says what it was fed. By its content, not by
/// its name, it is
///   - an ONNX model, by backbone "onnx";
///   - a Caffe model, by the same: NAME.caffemodel, with its network in NAME.prototxt beside it;
///   - a TorchScript archive, by backbone "torchscript".
/// `load_encoder` makes its network as it does that of a checkpoint. Throws Error for any other file, with what it is and what to do.
///
///     const TrainedModel model = model_of_file("faces.onnx", InputContract());
///     const auto backbone = load_encoder(model, registry);
TrainedModel model_of_file(const std::filesystem::path& file, const InputContract& input);

/// The model of a recipe whose [backbone] only infers, under the recipe's [input]: for options that a file alone does not have. Throws
/// Error for a recipe with another backbone, which stands for no trained model.
TrainedModel model_of_recipe(const Recipe& recipe, const Registry& registry);

/// The input contract of inline TOML, `{ colour = "bgr", flip = "none" }`, as `--input` takes it; the default contract for an empty text.
/// Throws RecipeError.
InputContract input_of(const std::string& toml, const Registry& registry);

/// A sentence for people: under which contract a model runs that was trained elsewhere, where nobody stated one.
std::string unstated_input(const TrainedModel& model);

}  // namespace lafs
