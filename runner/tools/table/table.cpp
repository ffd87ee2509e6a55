#include "runner/tools/table/table.h"

#include <nlohmann/json.hpp>

#include "kernel/results/averaged_study.h"
#include "kernel/results/json_text.h"
#include "kernel/results/study_json.h"
#include "kernel/run/grid_folder.h"
#include "lafs/error.h"
#include "runner/tools/table/read_study.h"

namespace lafs {

std::string table_of(const TableRequest& request) {
  Study study = read_study(request.folders);
  const StudyTableOptions options = table_options(request.options, request.folders);
  if (!request.average.empty()) {
    if (!is_grid_folder(request.folders.front())) throw Error("--average needs the folder of a grid: runs alone have no axis");
    study = averaged_over(request.average, study, options.stage);
  }
  if (!request.published.empty()) study.others = read_published(request.published);
  const StudyTable table = study_table(study, options);
  return request.format == "json" ? json_text(study_table_json(table)) + "\n" : study_table_text(table, request.format);
}

}  // namespace lafs
