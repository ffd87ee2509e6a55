#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe.h"
#include "lafs/objective.h"
#include "lafs/optimizer.h"
#include "runner/train/grad_scaler.h"

namespace lafs {

/// Where a run stands: everything besides tensors that a continuation needs.
struct RunPosition {
  int64_t step = 0;   ///< optimizer steps done
  int64_t micro = 0;  ///< micro-batches done
  int64_t total = 0;  ///< optimizer steps of the run
  double best_score = -1e300;
  int64_t best_step = -1;
  std::optional<GradScalerState> scaler;  ///< of a run in fp16
};

/// What a checkpoint says of its model, so that an evaluation builds a backbone and no objective.
struct CheckpointFacts {
  std::string identity;          ///< training identity of the recipe
  std::string recipe;            ///< resolved text
  std::string encoder;           ///< path in the tree
  std::string backbone;          ///< plugin name
  std::string backbone_options;  ///< TOML
  InputContract input;
  std::string data_fingerprint;
  int64_t identities = 0;
};

/// A folder `checkpoints/step-NNNNNNNN` with weights.safetensors, optimizer.safetensors and state.json.
/// It is written beside under another name, synced, renamed; then the link `last` (and `best`) moves to it: a kill at any
/// moment leaves the last good state. Folders that no link names are removed.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path run_folder);

  void save(const torch::nn::Module& root, Optimizer& optimizer, const RunPosition& position, const CheckpointFacts& facts, bool best);
  /// The folder that `last` or `best` names; empty when there is none.
  std::filesystem::path find(const std::string& link) const;

 private:
  void point(const std::string& link, const std::string& folder) const;
  void prune() const;

  std::filesystem::path folder_;
};

/// state.json, checked. Throws Error naming the file.
std::pair<RunPosition, CheckpointFacts> read_checkpoint_state(const std::filesystem::path& checkpoint);

/// The file that holds the recipe of a checkpoint line by line, for positions: recipe.toml of its run, or if that is absent or another one,
/// a name for the text in state.json.
std::string recipe_place(const std::filesystem::path& checkpoint, const CheckpointFacts& facts);

/// Puts every tensor of the file into the tree, verifying its hash; each one of both must have its partner of equal shape and type.
/// Throws Error naming file and tensor.
void load_weights(const std::filesystem::path& file, torch::nn::Module& root);
void load_optimizer(const std::filesystem::path& file, Optimizer& optimizer);

/// Types as safetensors writes them: "F32". Nothing for a name that is none of ours; Error for a type that cannot be saved.
std::optional<at::ScalarType> scalar_type_named(const std::string& dtype);
std::string scalar_type_text(at::ScalarType type);

/// A checkpoint folder itself, a run folder (its `checkpoints/best`, else `last`), or throws Error.
std::filesystem::path resolve_checkpoint(const std::filesystem::path& path);

nlohmann::json to_json(const InputContract& input);
InputContract input_from_json(const nlohmann::json& json);

}  // namespace lafs
