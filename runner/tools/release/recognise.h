#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/model/weights_file.h"

namespace lafs {

enum class NetworkKind {
  part_fvit,        ///< fViT with a landmark CNN, trained with labels or without its class matrix
  fvit,             ///< fViT alone, the same
  self_supervised,  ///< checkpoint of a pre-training: the teacher's fViT with its projection head
  other             ///< nothing that the rows need
};

/// Sizes of an fViT, as its tensors have them (models.md 13).
struct NetworkShape {
  int64_t dim = 0, depth = 0, heads = 0, dim_head = 0, mlp_dim = 0, patch = 0, positions = 0;
  int64_t landmarks = 0;  ///< 0: it has no landmark CNN

  bool operator==(const NetworkShape&) const = default;
};

/// What a file of weights is, told from names and shapes of its tensors alone.
struct Recognised {
  NetworkKind kind = NetworkKind::other;
  NetworkShape shape;
  int64_t classes = 0;     ///< rows of the class matrix; 0: there is none
  int64_t prototypes = 0;  ///< outputs of the projection head of a pre-training
  std::string text;        ///< "supervised Part-fViT: 768 wide, 12 blocks, 11 heads, 196 landmarks; class matrix of 205,990 rows"
  std::string fault;       ///< why nothing can be done with it, with what was seen; empty: something can
};

/// [any thread]
///
///     recognise(WeightsFile("checkpoint.pth").tensors()).kind == NetworkKind::part_fvit
Recognised recognise(const std::vector<StoredTensor>& tensors);

/// "205,990".
std::string grouped_number(int64_t number);

}  // namespace lafs
