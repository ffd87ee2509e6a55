#include "runner/tools/report/rewrite.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/run/grid_folder.h"
#include "lafs/error.h"
#include "runner/report/report.h"
#include "runner/tools/table/grid_report.h"
#include "runner/tools/table/read_study.h"

namespace lafs {

namespace fs = std::filesystem;

fs::path rewrite_report(const fs::path& folder) {
  if (!fs::exists(folder)) throw Error(fmt::format("\"{}\" does not exist", folder.string()));
  const nlohmann::json results = json_or_nothing(folder / "results.json");
  if (is_grid_folder(folder)) {
    const Study study = read_study({folder});
    write_grid_report(folder, study_table(study, table_options({}, {folder})));
  } else if (results.is_object() && results.contains("stages") && results.contains("row")) {
    write_row_report(folder);
  } else if (fs::exists(folder / "manifest.json")) {
    write_report(folder);
  } else {
    throw Error(fmt::format("\"{}\" is no folder of a run, of a finished row or of a grid", folder.string()));
  }
  return folder / "report.html";
}

}  // namespace lafs
