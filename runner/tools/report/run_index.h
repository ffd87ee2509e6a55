#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// A folder that a report can be made of.
struct IndexedRun {
  enum class Kind { run, row, grid };
  std::string name;  ///< its path below the folder that is served: "quickstart/finetune"; of that folder itself its own name
  std::filesystem::path folder;
  Kind kind = Kind::run;
  std::string title, state;  ///< "finished", "training", "stopped"
  std::string answer;        ///< "accuracy on lfw: 99.83 % ± 0.12"; empty: none yet
  int64_t step = -1;         ///< of a run, steps that were logged; -1: none
  int64_t changed = 0;       ///< seconds since 1970
};

/// Runs, rows and grids below a folder. Links are not followed, so each is there once. What has not changed is not read again.
class RunIndex {
 public:
  explicit RunIndex(std::filesystem::path root);

  /// Looks again, and returns what is there, by name.
  const std::map<std::string, IndexedRun>& read();
  /// The one whose folder this is, also through a link such as those of a row to its stages; null where it is none of them.
  const IndexedRun* find(const std::filesystem::path& folder) const;
  const std::filesystem::path& root() const { return root_; }

 private:
  void visit(const std::filesystem::path& folder, int depth, std::map<std::string, IndexedRun>& found);

  std::filesystem::path root_;
  std::map<std::string, IndexedRun> runs_;
};

/// [{"name", "kind", "title", "state", "answer", "step", "changed"}]
nlohmann::json index_json(const std::map<std::string, IndexedRun>& runs);

}  // namespace lafs
