#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace lafs {

class Params;

/// What a network was fed: a record of the model, saved with every checkpoint and compared by every evaluator.
/// A picture is brought to height and width, moved by `shift`, and a pixel byte v of channel c becomes (v/255 - mean[c]) / std[c] in fp32,
/// in this order.
struct InputContract {
  std::string preset =
      "lafs";  ///< "lafs": [-1, 1]; "dino_face": ImageNet mean and std; "published_eval": [-0.5, 0.5] (quirk M10); "custom"
  int64_t height = 112, width = 112;
  std::string colour = "rgb";                                     ///< "rgb" or "bgr": the order of the channels
  std::array<double, 3> mean{0.5, 0.5, 0.5}, std{0.5, 0.5, 0.5};  ///< in the order of `colour`
  std::string alignment = "as_stored";                            ///< "as_stored", "arcface112", "sphereface96": template of the faces
  std::string interpolation = "bilinear";                         ///< used where a picture has another size
  std::vector<int64_t> shift{0, 0};  ///< pixels that a picture is moved by, right and down; left behind is black
  std::string flip = "sum";          ///< "sum" of the embeddings of picture and mirror, or "none"
  std::string score = "cosine";      ///< "cosine", "euclidean": how embeddings are compared

  void declare(Params& p);
  bool operator==(const InputContract&) const = default;

  /// Names each field that differs, with both values: "colour rgb against bgr, std[0] 0.5 against 1"; empty when equal.
  std::string difference(const InputContract& other) const;
};

}  // namespace lafs
