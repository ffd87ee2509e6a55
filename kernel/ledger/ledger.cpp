#include "kernel/ledger/ledger.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/ledger/file_lock.h"
#include "kernel/ledger/json_file.h"
#include "kernel/recipe/document.h"
#include "kernel/results/json_text.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr int64_t format = 1;
constexpr const char* ledger_name = "ledger.json";
constexpr const char* stage_name = "stage.json";

void require_known_format(const fs::path& root) {
  const auto ledger = json_or_nothing(root / ledger_name);
  const auto written = ledger.is_object() ? ledger.value("format", nlohmann::json()) : nlohmann::json();
  if (!written.is_number_integer() || written.get<int64_t>() <= format) return;
  throw Error(
      fmt::format("the ledger \"{}\" has format {}, and this version of lafs knows formats up to {}: it was written by a newer one; "
                  "use that, or another ledger",
                  root.string(), written.get<int64_t>(), format));
}

std::optional<LedgerStage> read_stage(const fs::path& folder) {
  const auto json = json_or_nothing(folder / stage_name);
  if (!json.is_object() || text_under(json, "identity").empty()) return std::nullopt;
  LedgerStage stage{
      {text_under(json, "name"), text_under(json, "identity"), text_under(json, "data"), {}}, text_under(json, "recipe"), folder};
  const auto inputs = json.find("inputs");
  if (inputs != json.end() && inputs->is_array()) {
    for (const auto& input : *inputs)
      if (input.is_string()) stage.facts.inputs.push_back(input.get<std::string>());
  }
  return stage;
}

/// Folders of the ledger whose name ends with this.
std::vector<fs::path> folders_with(const fs::path& root, const std::string& ending) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator entry(root, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    if (entry->path().filename().string().ends_with(ending)) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_finished(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "results.json", ignored);
}

int64_t bytes_of(const fs::path& folder) {
  int64_t bytes = 0;
  std::set<std::pair<dev_t, ino_t>> counted;
  std::error_code ignored;
  for (fs::recursive_directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    struct stat file{};
    if (::lstat(entry->path().c_str(), &file) != 0 || !S_ISREG(file.st_mode)) continue;
    if (file.st_nlink == 1 || counted.emplace(file.st_dev, file.st_ino).second) bytes += file.st_size;
  }
  return bytes;
}

}  // namespace

std::string StageFacts::key() const {
  return identity_of(fmt::format("{}\n{}\n{}", identity, data, fmt::join(inputs, "\n"))).substr(0, 12);
}

Ledger::Ledger(const fs::path& root) : root_(fs::absolute(root).lexically_normal()) {
  std::error_code ignored;
  if (fs::exists(root_, ignored) && !fs::is_directory(root_, ignored))
    throw Error(fmt::format("\"{}\" is a file, and no folder of a ledger", root_.string()));
  require_known_format(root_);
}

fs::path Ledger::folder_of(const StageFacts& facts) const {
  if (facts.data.empty()) {
    std::vector<fs::path> same;
    for (const LedgerStage& stage : stages()) {
      if (stage.facts.identity == facts.identity && stage.facts.inputs == facts.inputs) same.push_back(stage.folder);
    }
    const auto finished = std::find_if(same.begin(), same.end(), is_finished);
    if (!same.empty()) return finished != same.end() ? *finished : same.front();
  }
  const std::string ending = "-" + facts.key();
  const fs::path own = root_ / (facts.name + ending);
  std::error_code ignored;
  if (fs::exists(own, ignored)) return own;
  const auto others = folders_with(root_, ending);  // another row calls it by another name
  return others.empty() ? own : others.front();
}

void Ledger::enter(const StageFacts& facts, const fs::path& recipe) const {
  const fs::path folder = folder_of(facts);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the folder \"{}\": {}", folder.string(), error.message()));
  if (!fs::exists(root_ / ledger_name)) write_json(root_ / ledger_name, {{"format", format}});
  if (fs::exists(folder / stage_name)) return;
  write_json(
      folder / stage_name,
      {{"name", facts.name}, {"identity", facts.identity}, {"data", facts.data}, {"inputs", facts.inputs}, {"recipe", recipe.string()}});
}

std::vector<LedgerStage> Ledger::stages() const {
  std::vector<LedgerStage> all;
  for (const fs::path& folder : folders_with(root_, "")) {
    if (auto stage = read_stage(folder)) all.push_back(std::move(*stage));
  }
  return all;
}

StageProgress stage_progress(const LedgerStage& stage) {
  StageProgress progress;
  const CheckpointFolder checkpoints(stage.folder);
  const fs::path last = checkpoints.find("last");
  progress.finished = is_finished(stage.folder);
  progress.has_weights = !last.empty();
  if (!last.empty() && !progress.finished) {
    const auto state = json_or_nothing(last / "state.json");
    const auto step = state.is_object() ? state.find("step") : state.end();
    if (state.is_object() && step != state.end() && step->is_number_integer()) progress.step = step->get<int64_t>();
  }
  std::error_code ignored;
  if (!progress.finished && fs::exists(stage.folder / ".lock", ignored)) {
    const FileLock lock(stage.folder / ".lock");
    if (!lock.held()) progress.user = lock.holder();
  }
  progress.bytes = bytes_of(stage.folder);
  return progress;
}

}  // namespace lafs
