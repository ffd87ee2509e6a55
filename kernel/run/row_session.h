#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kernel/ledger/ledger.h"
#include "kernel/recipe/row.h"
#include "kernel/registry/registry.h"
#include "kernel/run/finished_run.h"
#include "kernel/run/session.h"

namespace lafs {

/// Watches a row: its stages, and through `RunListener` the run of each. [main thread]
class RowListener : public RunListener {
 public:
  /// The stage that comes next: the `number`-th of `count`, from 1.
  virtual void stage_started(const Row&, const Stage&, int64_t /*number*/, int64_t /*count*/) {}
  virtual void stage_was_finished(const Stage&, int64_t /*number*/, int64_t /*count*/) {}  ///< by an earlier session: it is not run
  virtual void stage_waits(const Stage&, const std::string& /*reason*/) {}                 ///< another process runs it; said once
  virtual void stage_finished(const Stage&, const SessionOutcome&) {}                      ///< to its end
  virtual void row_finished(const std::filesystem::path&) {}                               ///< the row's folder is whole
};

/// What to do about a stage that another process runs.
enum class StageInUse { refuse, wait, leave };

/// Where the stages of a row are kept, when that is not the row's own folder.
struct RowInLedger {
  const Ledger* ledger = nullptr;  ///< null: stages are folders of the row's own
  std::vector<StageFacts> facts;   ///< of each stage, as LedgerPlaces found them
};

struct RowRequest {
  const Row& row;
  const Registry& registry;
  std::string only;                  ///< name of a stage; empty: all
  std::vector<std::string> command;  ///< argv, for the manifests
  RowListener* listener = nullptr;   ///< may be null
  std::string accept_data{};         ///< as of SessionRequest, for every stage
  RowInLedger kept{};
  StageInUse in_use = StageInUse::refuse;
};

struct RowOutcome {
  const Stage* stopped = nullptr;  ///< of the request's row: the stage in or after which a signal stopped; null: all that was asked for ran
  const Stage* left = nullptr;     ///< the stage that another process runs, where such are left; later ones were not run either
  SessionOutcome last;             ///< of the stage that ran last; empty when each was finished before
  nlohmann::json results;          ///< as row_results_json, of the stages that are finished; null when stopped
};

/// Runs the stages of a row that are not finished, and writes the row's results.json. In the folder of a row whose stages are in a ledger
/// a link with the stage's name leads to each. Throws Error; what goes wrong while a stage runs names the stage. [main thread]
RowOutcome run_row(const RowRequest& request);

/// The stage of that name, or with an empty name all.
std::vector<const Stage*> chosen_stages(const Row& row, const std::string& name);

/// What a reader calls a stage: the recipe's file, and the stage's name where it has one.
std::string title_of(const Row& row, const Stage& stage);

/// Throws Error when a stage that this one takes weights of is not finished, or was trained on other data where that is refused.
void require_inputs(const Row& row, const Stage& stage, OtherData other = OtherData::refused);

}  // namespace lafs
