#include "runner/tools/compare/scored_results.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/results/results_json.h"
#include "kernel/results/scores_file.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

const Metric* ScoredResults::find(const std::string& evaluator, const std::string& metric) const {
  for (const NamedMetrics& named : results) {
    if (named.name != evaluator) continue;
    for (const Metric& one : named.metrics.values)
      if (one.full_name() == metric) return &one;
  }
  return nullptr;
}

ScoredResults read_scored_results(const fs::path& path) {
  const bool folder = fs::is_directory(path);
  const fs::path file = folder ? path / "results.json" : path;
  if (!fs::exists(file))
    throw Error(folder ? fmt::format("the folder \"{}\" has no results.json: no run was finished there", path.string())
                       : fmt::format("cannot read \"{}\": No such file or directory", path.string()));
  const nlohmann::json json = json_or_nothing(file);
  if (json.is_object() && json.contains("stages"))
    throw Error(fmt::format("\"{}\" has the results of several stages; name the folder of one, such as \"{}\"", file.string(),
                            (path / "STAGE").string()));
  if (!json.is_object() || !json.contains("evaluators")) throw Error(fmt::format("\"{}\" holds no results of lafs", file.string()));
  const fs::path named = fs::absolute(folder ? path : path.parent_path() / path.stem()).lexically_normal();
  return {(named.has_filename() ? named : named.parent_path()).filename().string(), scores_folder_of(file), results_of(json)};
}

metrics::People people_of(const Comparisons& comparisons) {
  metrics::People people{comparisons.first_person, comparisons.second_person, 0};
  for (const auto* side : {&people.first, &people.second})
    for (const int32_t person : *side) people.count = std::max<int64_t>(people.count, int64_t{person} + 1);
  return people;
}

}  // namespace lafs
