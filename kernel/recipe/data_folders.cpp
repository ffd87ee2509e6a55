#include "kernel/recipe/data_folders.h"

#include "kernel/recipe/option_types.h"
#include "lafs/data_source.h"

namespace lafs {

namespace {

/// Collects the paths that options name, those of components within components too.
class PathCollector final : public Params {
 public:
  std::vector<std::filesystem::path> folders, files;
  std::set<std::filesystem::path> missing;

  bool with_sources = true;  ///< data sources within are looked into

  void add(const AnyUse& use) {
    if (!with_sources && use.kind() == DataSource::kind) return;
    if (!use.empty() && use.options) use.options->copy()->declare(*this);
  }

  /// What the data source and the evaluators name.
  void add_data_of(const Recipe& recipe) {
    add(recipe.data_source);
    for (const EvaluatorEntry& entry : recipe.evaluators) add(entry.use);
  }

 private:
  bool keeps_values() const override { return true; }

  void visit(const Option& option) override {
    if (option.rule.output) return;
    by_type(
        option.slot, [&](AnyUse& use) { add(use); },
        [&](AnyUseList& uses) {
          for (size_t i = 0; i < uses.size(); ++i) add(uses.at(i));
        },
        [&](Table& table) { table.declare(*this); },
        [&](TableList& tables) {
          for (size_t i = 0; i < tables.size(); ++i) tables.declare(i, *this);
        },
        [&](Path& path) { add(path); },
        [&](std::vector<Path>& paths) {
          for (const Path& path : paths) add(path);
        },
        [](auto&) {});
  }

  void add(const Path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path.value, ignored)) {
      folders.emplace_back(path.value);
    } else if (std::filesystem::is_regular_file(path.value, ignored)) {
      files.emplace_back(path.value);
    } else if (!path.empty() && std::filesystem::status(path.value, ignored).type() == std::filesystem::file_type::not_found) {
      missing.emplace(path.value);
    }
  }
};

}  // namespace

std::vector<std::filesystem::path> data_folders(const Recipe& recipe) {
  PathCollector collector;
  collector.add_data_of(recipe);
  return std::move(collector.folders);
}

std::set<std::filesystem::path> missing_data(const Recipe& recipe) {
  PathCollector collector;
  collector.add_data_of(recipe);
  return std::move(collector.missing);
}

std::vector<std::filesystem::path> evaluator_files(const Recipe& recipe) {
  PathCollector collector;
  collector.with_sources = false;
  for (const EvaluatorEntry& entry : recipe.evaluators) collector.add(entry.use);
  return std::move(collector.files);
}

std::vector<std::filesystem::path> source_paths(const AnyUse& source) {
  PathCollector collector;
  collector.add(source);
  collector.folders.insert(collector.folders.end(), collector.files.begin(), collector.files.end());
  return std::move(collector.folders);
}

std::vector<std::filesystem::path> source_folders(const AnyUse& source) {
  PathCollector collector;
  collector.add(source);
  for (const auto& file : collector.files) collector.folders.push_back(file.parent_path());
  return std::move(collector.folders);
}

}  // namespace lafs
