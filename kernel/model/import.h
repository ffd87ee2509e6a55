#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernel/model/load.h"
#include "kernel/model/weights_file.h"
#include "kernel/recipe/recipe.h"

namespace lafs {

struct ImportRequest {
  std::filesystem::path file;             ///< as `WeightsFile` takes it
  std::filesystem::path out;              ///< ".safetensors"
  std::string map;                        ///< name of a name map; empty: the file has our names
  std::string into;                       ///< a recipe, ending on ".toml", or a backbone plugin
  std::string options;                    ///< TOML for that plugin
  std::string select;                     ///< prefix of names taken from the file, removed before the map
  std::vector<std::string> only, except;  ///< globs on our names
  std::vector<std::string> unused;        ///< globs on our names: what the file may have in filled parts without a place there
  double floor = 1;                       ///< share of the tensors asked for that must be found, in [0, 1]
  RecipeContext context;                  ///< of the recipe
};

/// Weights of another program, loaded into the network they are for.
struct ImportedWeights {
  std::shared_ptr<torch::nn::Module> target;
  LoadAccount account;
  std::filesystem::path file;  ///< what was opened: of a folder, its weights
  std::string hash;            ///< of that file's tensors
  std::string note;            ///< a sentence about what was taken for granted; may be empty
};

/// Loads, and writes nothing. Throws Error or RecipeError. [main thread]
ImportedWeights read_weights(const ImportRequest& request, Registry& registry);

/// Writes the tensors that were found, under our names. Throws Error when they are fewer than the floor, and when the
/// file is of a larger network, see `check_inside`. [main thread]
void write_weights(const ImportRequest& request, const ImportedWeights& weights);

}  // namespace lafs
