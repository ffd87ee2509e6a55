#include "kernel/recipe/data_folders.h"

#include "kernel/recipe/option_types.h"

namespace lafs {

namespace {

/// Collects the paths that options name, those of components within components too.
class PathCollector final : public Params {
 public:
  std::vector<std::filesystem::path> folders, of_files;
  std::set<std::filesystem::path> missing;

  void add(const AnyUse& use) {
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
      of_files.push_back(std::filesystem::path(path.value).parent_path());
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

std::vector<std::filesystem::path> source_folders(const AnyUse& source) {
  PathCollector collector;
  collector.add(source);
  collector.folders.insert(collector.folders.end(), collector.of_files.begin(), collector.of_files.end());
  return std::move(collector.folders);
}

}  // namespace lafs
