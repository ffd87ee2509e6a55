#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "kernel/model/weights_file.h"
#include "kernel/recipe/recipe.h"
#include "lafs/error.h"

namespace lafs {

struct NameMap;

/// Which tensors of a file go where.
struct LoadPlan {
  std::string select;                     ///< prefix of names taken from the file, removed
  const NameMap* map = nullptr;           ///< makes the target's names of what is left; null: they are the target's
  std::vector<std::string> only, except;  ///< globs on the target's names
  std::vector<std::string> unused;        ///< globs on the target's names: what the file may have in filled parts without a place here
};

/// A tensor of the target that keeps its value though it was asked for: another shape, or a kind that cannot be loaded.
struct NotLoaded {
  std::string name, stored;  ///< in the target, in the file
  std::string reason;        ///< "F32 [300, 48] in the file, F32 [7, 48] here"
};

/// How a partial load went: every tensor of the target and of the file is in one of the lists.
struct LoadAccount {
  std::vector<std::string> matched, missing;     ///< names of the target
  std::vector<std::string> stored;               ///< of each of `matched`, its name in the file
  std::vector<std::string> excluded_stored;      ///< names of the file that have a place among `excluded`
  std::vector<std::string> excluded;             ///< names of the target that were not asked for
  std::vector<std::string> unexpected, dropped;  ///< names of the file: without a place here, and left out by the map
  std::vector<std::string> unselected;           ///< names of the file that neither the prefix nor the map looks at
  std::vector<std::string> unreadable;           ///< of `unexpected`, those that could not be loaded anyway
  std::vector<std::string> inside;               ///< of `unexpected`, as the target would name them: those in parts that were filled
  std::vector<std::string> allowed;              ///< the same, those that the plan allows
  std::vector<std::string> globs;                ///< that would allow `inside`
  std::vector<NotLoaded> wrong_shape, not_usable;
  std::vector<std::string> not_finite;  ///< of `matched`, those with values that are not finite
  size_t renamed = 0;                   ///< of `matched`, how many the map gave their name
  std::string hint;                     ///< of the file, for an error about what is missing

  /// Tensors of the target that were asked for.
  size_t wanted() const { return matched.size() + missing.size() + wrong_shape.size() + not_usable.size(); }
  double share() const { return wanted() ? static_cast<double>(matched.size()) / static_cast<double>(wanted()) : 0; }
};

/// Copies tensors into the module by name. Never touches one of another shape; among real numbers another precision is converted.
/// Throws Error where the map does.
LoadAccount load_matching(const WeightsFile& file, const LoadPlan& plan, torch::nn::Module& target);

/// What load_matching would do with tensors of these names, types and shapes. Changes nothing. `from` names them in errors.
LoadAccount compare_matching(const std::vector<StoredTensor>& stored, const std::string& from, const LoadPlan& plan,
                             const torch::nn::Module& target);

/// The account as a sentence: `412 of 412 tensors into "backbone" from "a.safetensors"`, and what is not as it should be.
std::string account_text(const LoadAccount& account, const std::string& into, const std::string& from);

/// Throws Error, beginning with `what`, for a file that has more in a part than the network: it is of a larger or another one. `option` is
/// how to allow it, as `unused = `.
void check_inside(const LoadAccount& account, const std::string& what, const std::string& option);

/// How an `[[init]]` went.
struct InitOutcome {
  std::string text;  ///< the account as a sentence
  LoadAccount account;
  std::filesystem::path file;  ///< what was opened
};

/// Does what an `[[init]]` says. `registry` has the name maps, and may be null where none is used.
/// Throws Error when less than `floor` was found, and when the file is of a larger network, see `check_inside`.
InitOutcome apply_init(const InitEntry& init, torch::nn::Module& root, const Registry* registry = nullptr);

/// Throws what apply_init would throw for a file with these tensors, before there is one.
void check_init(const InitEntry& init, const std::vector<StoredTensor>& stored, const std::string& from, torch::nn::Module& root,
                const Registry* registry = nullptr);

/// Does `work` for an `[[init]]`; an error gets the place of the entry in the recipe.
template <typename Work>
void placed(const InitEntry& init, const Work& work) {
  try {
    work();
  } catch (const PlacedError&) {
    throw;
  } catch (const Error& error) {
    if (init.position.empty()) throw;
    throw error.at(init.position);
  }
}

}  // namespace lafs
