#pragma once
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
};

/// How a partial load went. Names of the target; `unexpected` and `dropped` are names of the file.
struct LoadAccount {
  std::vector<std::string> matched, missing, unexpected, wrong_shape, dropped;
  size_t renamed = 0;       ///< of `matched`, how many the map gave their name
  std::string first_wrong;  ///< of `wrong_shape`, both shapes: "[300, 48] in the file, [7, 48] here"

  /// Tensors of the target that were asked for.
  size_t wanted() const { return matched.size() + missing.size() + wrong_shape.size(); }
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

/// Does what an `[[init]]` says and returns how it went. `registry` has the name maps, and may be null where none is used.
/// Throws Error when less than `floor` was found.
std::string apply_init(const InitEntry& init, torch::nn::Module& root, const Registry* registry = nullptr);

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
