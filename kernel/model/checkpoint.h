#pragma once
#include <filesystem>
#include <string>

#include "kernel/ledger/checkpoint_state.h"
#include "lafs/optimizer.h"

namespace torch::nn {
class Module;
}

namespace lafs {

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

/// Puts every tensor of the file into the tree, verifying its hash; each one of both must have its partner of equal shape and type.
/// Throws Error naming file and tensor.
void load_weights(const std::filesystem::path& file, torch::nn::Module& root);
void load_optimizer(const std::filesystem::path& file, Optimizer& optimizer);

}  // namespace lafs
