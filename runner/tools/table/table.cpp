#include "runner/tools/table/table.h"

#include <nlohmann/json.hpp>

#include "kernel/results/averaged_study.h"
#include "kernel/results/json_text.h"
#include "kernel/results/study_json.h"
#include "runner/tools/table/read_study.h"

namespace lafs {

std::string table_of(const TableRequest& request) {
  Study study = read_study(request.folders);
  if (!request.average.empty()) study = averaged_over(request.average, study);
  if (!request.published.empty()) study.others = read_published(request.published);
  const StudyTable table = study_table(study, table_options(request.options, request.folders));
  return request.format == "json" ? json_text(study_table_json(table)) + "\n" : study_table_text(table, request.format);
}

}  // namespace lafs
