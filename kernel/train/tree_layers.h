#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace torch::nn {
class Module;
}

namespace lafs {

class Layered;

/// What the backbones that train in an objective's tree say of their parameters (`Layered`). Names are qualified:
/// "student.backbone.cls_token". [main thread]
class TreeLayers {
 public:
  /// Throws Error for a backbone that puts a parameter outside its layers.
  explicit TreeLayers(const torch::nn::Module& root);

  /// Layers from the end: 0 for what follows the blocks, heads and all that is in no backbone included; 1 for the last block of a
  /// backbone; its depth + 1 for its tokens.
  int64_t from_end(const std::string& parameter) const;
  /// Backbones with parameters that train and say nothing of their layers: paths in the tree.
  const std::vector<std::string>& without_layers() const { return without_layers_; }
  /// Whether a backbone that trains says which layers it has.
  bool any() const { return !from_end_.empty(); }

  /// The part of a network that a parameter belongs to, for reports: its block ("student.backbone.transformer.layers.3"), which is all that
  /// the names of the block's parameters have in common; else at most two names ("student.head", "classifier").
  std::string part_of(const std::string& parameter) const;

 private:
  void walk(const torch::nn::Module& module, const std::string& path);
  void take(const torch::nn::Module& module, const std::string& path, const Layered& layered);

  std::map<std::string, int64_t, std::less<>> from_end_;    ///< of parameters of backbones that train and say so
  std::map<std::string, std::string, std::less<>> blocks_;  ///< of parameters in a block: its name
  std::vector<std::string> without_layers_;
};

}  // namespace lafs
