#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lafs/input.h"

namespace lafs {

/// What the gradient scaler of an fp16 run carries from step to step.
struct GradScalerState {
  float scale = 65536;
  int64_t growth_counter = 0;  ///< steps without an overflow since the scale last moved
  int64_t skipped = 0;         ///< steps of the run whose update was left out
  int64_t in_a_row = 0;        ///< of those, the unbroken row that ends with the last step

  bool operator==(const GradScalerState&) const = default;
};

/// Where a run stands: everything besides tensors that a continuation needs.
struct RunPosition {
  int64_t step = 0;   ///< optimizer steps done
  int64_t micro = 0;  ///< micro-batches done
  int64_t total = 0;  ///< optimizer steps of the run
  double best_score = -1e300;
  int64_t best_step = -1;         ///< -1: nothing was scored yet
  bool evaluation_due = false;    ///< the evaluation after `step` was asked for and is not done
  int64_t without_gain = 0;       ///< evaluations since the one of best_step
  bool ended_early = false;       ///< no step follows: the run's patience is over
  bool stays = false;             ///< the checkpoint is kept whatever comes later
  std::vector<int64_t> left_out;  ///< steps that changed nothing, because their loss or gradient was not finite
  std::optional<GradScalerState> scaler;
};

/// A network within the model's tree that can be made and shown by itself.
struct NetworkFacts {
  std::string path;     ///< in the tree: "student.backbone"
  std::string plugin;   ///< a backbone
  std::string options;  ///< TOML
};

/// What a checkpoint says of its model, so that an evaluation builds a backbone and no objective.
struct CheckpointFacts {
  std::string identity;                ///< training identity of the recipe
  std::string recipe;                  ///< resolved text
  std::string encoder;                 ///< path in the tree
  std::string backbone;                ///< plugin name
  std::string backbone_options;        ///< TOML
  std::vector<NetworkFacts> networks;  ///< every known one, the encoder too; empty in checkpoints that were written without
  InputContract input;
  std::string data_fingerprint;
  int64_t identities = 0;
};

/// The content of state.json.
nlohmann::json checkpoint_state_json(const RunPosition& position, const CheckpointFacts& facts);

/// state.json of a checkpoint folder, checked. Throws Error naming the file.
std::pair<RunPosition, CheckpointFacts> read_checkpoint_state(const std::filesystem::path& checkpoint);

/// The file that holds the recipe of a checkpoint line by line, for positions: recipe.toml of its run, or if that is absent or another one,
/// a name for the text in state.json.
std::string recipe_place(const std::filesystem::path& checkpoint, const CheckpointFacts& facts);

/// A checkpoint folder itself, or the `best` checkpoint, else the `last`, of a run folder. A path that ends in `checkpoints/last` or
/// `checkpoints/best` is found also where that link was lost. Throws Error for any other path.
std::filesystem::path resolve_checkpoint(const std::filesystem::path& path);

nlohmann::json input_json(const InputContract& input);
/// Throws nlohmann::json::exception for a missing or wrong field.
InputContract input_from_json(const nlohmann::json& json);

}  // namespace lafs
