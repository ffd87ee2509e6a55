#include "runner/tools/compare/scored_results.h"

#include <algorithm>
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

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// The last parts of the path of a run folder, or of a file without its ending.
std::string name_of(const fs::path& path, int64_t parts) {
  fs::path rest = fs::absolute(fs::is_directory(path) ? path : path.parent_path() / path.stem()).lexically_normal();
  if (!rest.has_filename()) rest = rest.parent_path();
  fs::path name;
  for (; parts > 0 && rest.has_filename(); --parts, rest = rest.parent_path())
    name = name.empty() ? rest.filename() : rest.filename() / name;
  return name.string();
}

/// With as many folders as tell it from the others; for files that differ in their ending alone, with the ending.
std::string telling_name(const std::vector<fs::path>& paths, const fs::path& path) {
  constexpr int64_t most_parts = 64;
  const auto normal = [](const fs::path& one) { return fs::absolute(one).lexically_normal(); };
  for (int64_t parts = 1; parts < most_parts; ++parts) {
    const std::string name = name_of(path, parts);
    const auto is_other = [&](const fs::path& one) { return normal(one) != normal(path) && name_of(one, parts) == name; };
    if (std::none_of(paths.begin(), paths.end(), is_other)) return name;
  }
  return path.filename().string();
}

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
    return {name_of(path, 1), scores_folder_of(file), results_of(json)};
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\" holds no results of lafs: {}", file.string(), error.what()));
  }
}

std::vector<std::string> names_of_models(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(telling_name(paths, path));
  return names;
}

std::vector<ScoredResults> read_scored_results(const std::vector<fs::path>& paths) {
  std::vector<ScoredResults> all;
  for (const fs::path& path : paths) all.push_back(read_scored_results(path));
  const std::vector<std::string> names = names_of_models(paths);
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
