#include "runner/tools/compare/scored_results.h"

#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/recipe/row.h"
#include "kernel/results/results_json.h"
#include "kernel/results/scores_file.h"
#include "lafs/error.h"
#include "runner/report/telling_names.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// The folder of the one stage that has results, of those that the results of a row list.
fs::path only_stage(const fs::path& results, const nlohmann::json& stages) {
  std::vector<std::string> folders;
  try {
    for (const nlohmann::json& stage : stages)
      if (!stage.at("evaluators").empty()) folders.push_back((results.parent_path() / Row::folder_name(stage.at("name"))).string());
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("\"{}\" holds no results of lafs", results.string()));
  }
  if (folders.empty()) throw Error(fmt::format("\"{}\" is of a row that no [[evaluator]] measured", results.string()));
  if (folders.size() > 1)
    throw Error(fmt::format("\"{}\" has the results of several stages; name the folder of one: \"{}\"", results.string(),
                            fmt::join(folders, "\" or \"")));
  return folders.front();
}

}  // namespace

const Metric* ScoredResults::find(const std::string& evaluator, const std::string& metric) const {
  for (const NamedMetrics& named : results) {
    if (named.name != evaluator) continue;
    for (const Metric& one : named.metrics.values)
      if (one.full_name() == metric) return &one;
  }
  return nullptr;
}

bool is_json_file(const fs::path& file) {
  std::error_code absent;
  if (!fs::is_regular_file(file, absent)) return false;
  std::ifstream in(file, std::ios::binary);
  char first = 0;
  return in >> first && first == '{';
}

fs::path measured_run(const fs::path& path) {
  const fs::path results = path / "results.json";
  const nlohmann::json json = fs::exists(results) ? json_or_nothing(results) : nlohmann::json();
  return json.is_object() && json.contains("stages") ? only_stage(results, json.at("stages")) : path;
}

ScoredResults read_scored_results(const fs::path& path) {
  const fs::path run = measured_run(path);
  const bool is_folder = path != run || fs::is_directory(path);
  const fs::path file = is_folder ? run / "results.json" : path;
  if (!fs::exists(file))
    throw Error(is_folder ? fmt::format("the folder \"{}\" has no results.json: no run was finished there", run.string())
                          : fmt::format("cannot read \"{}\": No such file or directory", path.string()));
  const nlohmann::json json = json_or_nothing(file);
  if (!json.is_object() || !json.contains("evaluators")) throw Error(fmt::format("\"{}\" holds no results of lafs", file.string()));
  try {
    return {telling_names({path}).front(), scores_folder_of(file), results_of(json)};
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\" holds no results of lafs: {}", file.string(), error.what()));
  }
}

std::vector<ScoredResults> read_scored_results(const std::vector<fs::path>& paths) {
  std::vector<ScoredResults> all;
  for (const fs::path& path : paths) all.push_back(read_scored_results(path));
  const std::vector<std::string> names = telling_names(paths);
  for (size_t i = 0; i < all.size(); ++i) all[i].name = names[i];
  return all;
}

metrics::People people_of(const Comparisons& comparisons) {
  metrics::People people{comparisons.first_person, comparisons.second_person, 0};
  for (const auto* side : {&people.first, &people.second})
    for (const int32_t person : *side) people.count = std::max<int64_t>(people.count, int64_t{person} + 1);
  return people;
}

}  // namespace lafs
