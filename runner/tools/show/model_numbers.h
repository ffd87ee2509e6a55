#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runner/tools/show/shown_model.h"

namespace lafs {

/// What `lafs show landmarks` and `lafs show attention` say of one picture.
struct LandmarkNumbers {
  FedPicture picture;
  std::vector<std::vector<double>> points;  ///< [L][x, y], pixels of the network's input
};
struct AttentionNumbers {
  FedPicture picture;
  int64_t block = 0, blocks = 0;              ///< shown, from 0, and how many there are
  std::vector<std::vector<double>> heads;     ///< [heads][N]: how the class token looks at the others in that block
  std::vector<double> rollout;                ///< [1+N]: the class token's row over all blocks, sum 1; itself first
  std::vector<std::vector<bool>> head_masks;  ///< [heads][N], the tokens with most of the mass; empty without a threshold
  double threshold = 0;                       ///< of the masks
  std::vector<bool> rollout_mask;             ///< [N]
  int64_t rows = 0, columns = 0;              ///< of the patches, where tokens are patches of a raster
  std::vector<std::vector<double>> points;    ///< [N][x, y], where token n lies at landmark n
};

struct AttentionRequest {
  int64_t block = -1;      ///< from 0; -1 is the last, -2 the one before
  double threshold = 0.6;  ///< share of the mass in the masks; 0: none
};

/// Both throw Error naming the picture for one that cannot be read. [main thread]
LandmarkNumbers find_landmarks(const ShownModel& model, const std::filesystem::path& picture);
/// Also throws for a block that does not exist, and for tokens that are neither patches of a raster nor at landmarks.
AttentionNumbers find_attention(const ShownModel& model, const std::filesystem::path& picture, const AttentionRequest& request);

nlohmann::json landmarks_json(const ShownModel& model, const std::vector<LandmarkNumbers>& all);
nlohmann::json attention_json(const ShownModel& model, const std::vector<AttentionNumbers>& all);

}  // namespace lafs
