#pragma once
#include <filesystem>
#include <string>

#include "kernel/ledger/checkpoint_folder.h"
#include "lafs/optimizer.h"

namespace torch::nn {
class Module;
}

namespace lafs {

/// Writes folders `checkpoints/step-NNNNNNNN` with weights.safetensors, optimizer.safetensors and state.json.
/// Each is written beside under another name, synced, renamed; then the name `last` moves to it: a kill at any moment leaves the last good
/// state. Earlier checkpoints of the same training identity that are neither last nor best, and do not stay, are removed.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path run_folder);

  /// The checkpoint of `position.step`, which becomes the last one.
  void save(const torch::nn::Module& root, Optimizer& optimizer, const RunPosition& position, const CheckpointFacts& facts);
  /// Writes what changed besides tensors since the checkpoint of `position.step` was saved, as by an evaluation that is done now; with
  /// `best` that checkpoint becomes the best one.
  void update(const RunPosition& position, const CheckpointFacts& facts, bool best);
  /// The folder that `last` or `best` names; empty when there is none.
  std::filesystem::path find(const std::string& name) const { return folder_.find(name); }

 private:
  CheckpointFolder folder_;
};

/// Puts every tensor of the file into the tree, verifying its hash; each one of both must have its partner of equal shape and type.
/// Throws Error naming file and tensor.
void load_weights(const std::filesystem::path& file, torch::nn::Module& root);
void load_optimizer(const std::filesystem::path& file, Optimizer& optimizer);

}  // namespace lafs
