#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernel/registry/registry.h"
#include "lafs/backbone.h"
#include "lafs/input.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

/// A backbone out of a checkpoint, in evaluation.
struct ShownModel {
  std::string plugin, part;  ///< "part_fvit", and its path in the tree: "backbone", "landmark_source"
  int64_t step = 0;          ///< of the checkpoint
  InputContract input;
  std::shared_ptr<Backbone> backbone;
};

/// The backbone at path `of` of a run folder's or checkpoint's tree; with an empty path the encoder, or where it lacks the capability
/// ("landmarks", "attention") the first other that has it. Parts are those that the checkpoint lists; of an old one that
/// lists none the encoder, its like at paths that end on "backbone", and the backbones among the objective's options, by the option's name.
/// Throws Error naming the parts there are, or the plugins to try.
ShownModel open_model(const std::filesystem::path& checkpoint, const std::string& stage, const std::string& of,
                      const std::string& capability, Registry& registry);

/// A picture as the network is fed.
struct FedPicture {
  std::string file;
  int64_t height = 0, width = 0;  ///< of the file
  Image image;                    ///< at the size of the input contract
};
FedPicture fed_picture(const std::filesystem::path& file, const InputContract& input);
/// [1,3,H,W]
at::Tensor network_input(const FedPicture& picture, const InputContract& input);

}  // namespace lafs
