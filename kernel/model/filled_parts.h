#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "kernel/model/weights_file.h"

namespace lafs {

/// The parts of a network that a file filled. What the file has more inside one of them shows that it is of a larger or another network:
/// further blocks, scales of layers, norms of queries and keys, registers. [one thread at a time]
class FilledParts {
 public:
  /// `loaded` are names of the target whose tensors came from the file.
  FilledParts(const torch::nn::Module& target, const std::vector<std::string>& loaded);

  /// Whether a tensor that has no place in the target, but would have this name there, belongs to a filled part: to a module below the
  /// network into which others were loaded, or to the network itself where others of its width were loaded beside it. What a file has
  /// beside the parts of the network, as a head, does not; nor do counters, empty tensors, and those that cannot be loaded.
  bool hold(const std::string& name, const StoredTensor& stored) const;

  /// Globs that stand for these names, a few at most: "blocks.3.*" for all of a block that the target lacks.
  std::vector<std::string> globs(const std::vector<std::string>& names) const;

 private:
  std::string network_of(const std::string& name) const;
  std::string known_part(const std::string& name) const;

  const torch::nn::Module& target_;
  std::set<std::string> loaded_;
  std::map<std::string, std::set<int64_t>> widths_;  ///< of loaded tensors, by the module that they are directly in: their last sizes
};

}  // namespace lafs
