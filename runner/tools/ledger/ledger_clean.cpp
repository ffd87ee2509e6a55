#include "runner/tools/ledger/ledger_clean.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "kernel/ledger/run_folder.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool is_called(const ListedStage& listed, const std::string& name) {
  return listed.stage.folder.filename() == name || listed.stage.facts.key() == name;
}

double days_since_change(const fs::path& folder) {
  std::error_code ignored;
  fs::file_time_type newest = fs::last_write_time(folder, ignored);
  for (const char* file : {"metrics.jsonl", "results.json", "checkpoints"})
    if (const auto time = fs::last_write_time(folder / file, ignored); !ignored) newest = std::max(newest, time);
  return std::chrono::duration<double>(fs::file_time_type::clock::now() - newest).count() / 86400;
}

void delete_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw Error(fmt::format("\"{}\" cannot be deleted: {}", folder.string(), error.message()));
}

}  // namespace

std::vector<ListedStage> stages_to_clean(const Ledger& ledger, const CleanRequest& request) {
  if (request.stages.empty() && !request.unfinished && request.older_than_days < 0)
    throw Error("name stages, or give --unfinished or --older-than");
  const std::vector<ListedStage> all = list_stages(ledger);
  std::vector<std::string> names;
  for (const ListedStage& listed : all) names.push_back(listed.stage.folder.filename().string());
  for (const std::string& name : request.stages) {
    if (std::none_of(all.begin(), all.end(), [&](const ListedStage& listed) { return is_called(listed, name); }))
      throw Error(fmt::format("no stage \"{}\" in {}{}", name, ledger.root().string(), suggestion(name, names)));
  }
  std::vector<ListedStage> chosen;
  for (const ListedStage& listed : all) {
    const bool named = std::any_of(request.stages.begin(), request.stages.end(), [&](const auto& name) { return is_called(listed, name); });
    const bool free = listed.progress.user.empty();
    if (named && !free) throw Error(fmt::format("\"{}\" is in use by {}", listed.stage.folder.string(), listed.progress.user));
    const bool old = request.older_than_days >= 0 && days_since_change(listed.stage.folder) > request.older_than_days;
    if (named || (free && ((request.unfinished && !listed.progress.finished) || old))) chosen.push_back(listed);
  }
  return chosen;
}

void clean(const std::vector<ListedStage>& stages, const CleanRequest& request) {
  for (const ListedStage& listed : stages) {
    const FolderLock lock(listed.stage.folder);
    delete_folder(request.only_weights ? listed.stage.folder / "checkpoints" : listed.stage.folder);
  }
}

}  // namespace lafs
