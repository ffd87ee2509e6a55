#pragma once
#include <string>
#include <vector>

#include "runner/tools/release/recognise.h"
#include "runner/tools/release/release_rows.h"

namespace lafs {

/// What the name of a file says of it. A name is a hint: it decides nothing, and where the tensors disagree a sentence says so.
struct NameHints {
  std::string row;                   ///< stem of the recipe of the row whose file has this name: "row_c"; empty: it says none
  bool dino = false, lafs = false;   ///< which pre-training it names
  std::vector<std::string> remarks;  ///< where name and tensors disagree, a sentence each
};

/// `name` is the path below the released folder: folders count too. Published names hold the number of batches that were trained,
/// which is different for each row (finetuning.md 16).
NameHints name_hints(const std::string& name, const Recognised& seen, const std::vector<ReleaseRow>& rows);

}  // namespace lafs
