#include "lafs/input.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/params.h"

namespace lafs {

namespace {

struct Scaling {
  std::vector<double> mean, std;
};

const std::map<std::string, Scaling>& scalings() {
  static const std::map<std::string, Scaling> all{
      {"lafs", {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}}},
      {"dino_face", {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}},
      {"published_eval", {{0.5, 0.5, 0.5}, {1, 1, 1}}},
  };
  return all;
}

}  // namespace

void InputContract::declare(Params& p) {
  const std::string preset_before = preset;
  p("preset", preset, one_of({"lafs", "dino_face", "published_eval", "custom"}),
    "scaling of the pixels: lafs is [-1, 1], dino_face ImageNet's mean and deviation, published_eval [-0.5, 0.5], custom what mean and std "
    "say");
  if (const auto known = scalings().find(preset); preset != preset_before && known != scalings().end()) {
    std::copy_n(known->second.mean.begin(), 3, mean.begin());
    std::copy_n(known->second.std.begin(), 3, std.begin());
  }
  p("height", height, in(8, 4096), "rows of the network's input, pixels");
  p("width", width, in(8, 4096), "columns of the network's input, pixels");
  p("colour", colour, one_of({"rgb", "bgr"}), "order of the channels");
  std::vector<double> means(mean.begin(), mean.end()), deviations(std.begin(), std.end());
  p("mean", means, in(-255, 255), "subtracted from v/255, a number for each channel");
  p("std", deviations, in(1e-6, 255), "divisor after subtracting mean, one per channel");
  for (const auto& [key, list] : {std::pair("mean", &means), {"std", &deviations}}) {
    if (list->size() != 3) throw Error(fmt::format("[input] {} has {} numbers; it needs 3, one for each channel", key, list->size()));
  }
  std::copy_n(means.begin(), 3, mean.begin());
  std::copy_n(deviations.begin(), 3, std.begin());
  p("alignment", alignment, one_of({"as_stored", "arcface112", "sphereface96"}),
    "template the faces are said to be aligned to already: it is kept with the model and compared, and moves no pixel");
  p("interpolation", interpolation, one_of({"bilinear", "bicubic"}), "used where a picture has another size");
  const std::vector<int64_t> stay{0, 0};
  p.affects_unless(stay, "shift", shift, in(-4096, 4096),
                   "pixels of the input by which a picture is moved before it is measured, right and down; what is left behind is black");
  if (shift.size() != 2) throw Error(fmt::format("[input] shift has {} numbers; it needs 2, right and down", shift.size()));
  p("flip", flip, one_of({"sum", "none"}), "embedding of a picture: sum of its own and its mirror's, or its own");
  p("score", score, one_of({"cosine", "euclidean"}), "how embeddings are compared");
}

std::string InputContract::difference(const InputContract& other) const {
  std::string out;
  const auto compare = [&](std::string_view field, const auto& ours, const auto& theirs) {
    if (ours != theirs) out += fmt::format("{}{} {} against {}", out.empty() ? "" : ", ", field, ours, theirs);
  };
  compare("height", height, other.height);
  compare("width", width, other.width);
  compare("colour", colour, other.colour);
  for (size_t c = 0; c < 3; ++c) compare(fmt::format("mean[{}]", c), mean[c], other.mean[c]);
  for (size_t c = 0; c < 3; ++c) compare(fmt::format("std[{}]", c), std[c], other.std[c]);
  compare("alignment", alignment, other.alignment);
  compare("interpolation", interpolation, other.interpolation);
  for (size_t axis = 0; axis < 2; ++axis) compare(fmt::format("shift[{}]", axis), shift[axis], other.shift[axis]);
  compare("flip", flip, other.flip);
  compare("score", score, other.score);
  return out;
}

}  // namespace lafs
