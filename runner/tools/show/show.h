#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/row.h"
#include "kernel/registry/registry.h"
#include "runner/tools/show/view_sheet.h"

namespace lafs {

/// A sheet of training pictures with their views.
struct ShowViews {
  std::filesystem::path recipe, out = "views.png";
  RecipeContext context;
  std::string stage;             ///< of a row
  std::filesystem::path inputs;  ///< where stages that others take weights from were run; empty: as `lafs run` chooses it
  ViewRequest request;
  bool force = false;  ///< overwrite the file
};

/// What a trained model makes of pictures.
struct ShowModel {
  std::filesystem::path checkpoint, out;        ///< empty `out`: landmarks.png or attention.png
  std::string stage;                            ///< of a row's folder
  std::vector<std::filesystem::path> pictures;  ///< files, or folders of them
  std::string of, block = "last";               ///< backbone and block to ask
  int64_t limit = 16, zoom = 0;                 ///< pictures at most; pixels of the sheet for one of the network's input, 0: by its size
  double threshold = 0.6;                       ///< share of the attention in the masks, in [0, 1]; 0: no masks
  bool json = false, force = false;             ///< numbers to standard output; overwrite the file
};

/// Each writes its sheet as PNG, and prints its size to standard error. Throws Error, before any work for a file that exists and must not
/// be overwritten. [main thread]
void show_views(const ShowViews& show, Registry& registry);
void show_landmarks(const ShowModel& show, Registry& registry);
void show_attention(const ShowModel& show, Registry& registry);

}  // namespace lafs
