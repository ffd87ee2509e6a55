#pragma once
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/ledger/ledger.h"

namespace lafs {

struct ListedStage {
  LedgerStage stage;
  StageProgress progress;
};

/// Every stage of the ledger and how far it came, by name; read by several threads.
std::vector<ListedStage> list_stages(const Ledger& ledger);

/// A line for each stage, and the disk they take.
std::string ledger_text(const Ledger& ledger, const std::vector<ListedStage>& stages);

/// {"ledger", "bytes", "stages":[{"name", "key", "folder", "recipe", "state", "step", "has_weights", "bytes", "user", "inputs"}]}; "state"
/// is "finished", "begun" or "in use".
nlohmann::json ledger_json(const Ledger& ledger, const std::vector<ListedStage>& stages);

/// 83 -> "83 B", 123456789 -> "117.7 MiB".
std::string bytes_text(int64_t bytes);

}  // namespace lafs
