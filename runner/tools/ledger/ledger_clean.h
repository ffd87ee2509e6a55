#pragma once
#include <string>
#include <vector>

#include "kernel/ledger/ledger.h"
#include "runner/tools/ledger/ledger_list.h"

namespace lafs {

struct CleanRequest {
  std::vector<std::string> stages;  ///< folder names or keys
  bool unfinished = false;          ///< all that are begun and that nobody works on
  double older_than_days = -1;      ///< all that nothing was written to for so long; < 0: not by age
  bool only_weights = false;        ///< checkpoints alone: results stay, and no later stage can begin from them
};

/// The stages that a request names. Throws Error for a name that no stage has, for one in use, and for a request without any.
std::vector<ListedStage> stages_to_clean(const Ledger& ledger, const CleanRequest& request);

/// Deletes them, or their checkpoints. Throws Error for one that meanwhile is in use, or that cannot be deleted.
void clean(const std::vector<ListedStage>& stages, const CleanRequest& request);

}  // namespace lafs
