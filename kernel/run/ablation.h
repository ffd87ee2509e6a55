#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/ledger/ledger.h"
#include "kernel/recipe/grid.h"
#include "kernel/recipe/row.h"
#include "kernel/registry/registry.h"
#include "kernel/run/evaluation_data.h"
#include "kernel/run/row_session.h"

namespace lafs {

/// A cell of a grid whose recipe is read. Its results go into `row.folder`, its stages into the ledger.
struct AblationCell {
  GridCell cell;
  Row row;
  std::vector<StageFacts> facts;                      ///< of each stage
  std::vector<EvaluationData::Look> evaluation_data;  ///< of each stage of a cell with results; else empty
};

/// Reads the recipe of every cell, and finds its stages in the ledger. Throws RecipeError with every different mistake once and the first
/// cell that has it, and Error where two cells are the same training: seeds or settings that change nothing would be counted twice.
std::vector<AblationCell> open_cells(const Grid& grid, Registry& registry, const std::filesystem::path& folder, const Ledger& ledger,
                                     const RunListeners& listeners = {});

/// Whether the results of the cell, as its recipe and data are now, are in its folder.
bool is_finished(const AblationCell& cell);

/// Watches an ablation. [main thread]
class CellListener {
 public:
  virtual ~CellListener() = default;
  virtual void cell_started(const AblationCell&, int64_t /*number*/, int64_t /*count*/) {}
  virtual void cell_finished(const AblationCell&) {}
  virtual void cell_failed(const AblationCell&, const std::string& /*reason*/) {}
};

struct AblationRequest {
  const std::vector<const AblationCell*>& cells;  ///< those to run
  const Registry& registry;
  const Ledger& ledger;
  std::vector<std::string> command;        ///< argv, for the manifests
  CellListener* cells_listener = nullptr;  ///< may be null
  RowListener* row_listener = nullptr;     ///< hears the row of each cell; may be null
};

struct AblationOutcome {
  bool interrupted = false;
  int64_t finished_before = 0, finished = 0, failed = 0;  ///< cells
};

/// Runs the cells that are not finished. A cell that fails is noted in its folder, and the others go on; a stage that failed once is not
/// tried again for other cells. A cell whose next stage another process runs is put off until that is done, so that several processes, of
/// several machines too, may run the same grid. Throws Error when the disk is full. [main thread]
AblationOutcome run_ablation(const AblationRequest& request);

}  // namespace lafs
