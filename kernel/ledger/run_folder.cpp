#include "kernel/ledger/run_folder.h"

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// What a run that was stopped before it wrote anything may leave behind.
bool is_trace(const fs::path& entry) {
  const std::string name = entry.filename().string();
  std::error_code ignored;
  const bool half_written = name.starts_with('.') && name.ends_with(".part");
  return name == ".lock" || name.starts_with(".lock.holder") || name == "stage.json" || half_written ||
         (name == "checkpoints" && fs::is_directory(entry) && fs::is_empty(entry, ignored));
}

bool is_empty_but_for_traces(const fs::path& folder) {
  std::error_code ignored;
  return std::all_of(fs::directory_iterator(folder, ignored), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) { return is_trace(entry.path()); });
}

fs::path made(const fs::path& folder, bool& by_us) {
  std::error_code error;
  by_us = fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the run folder \"{}\": {}", folder.string(), error.message()));
  return folder / ".lock";
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder) : folder_(folder), lock_(made(folder, made_)) {
  if (!lock_.held()) throw FolderInUse(fmt::format("the run folder \"{}\" is in use by {}", folder.string(), lock_.holder()));
}

FolderLock::~FolderLock() {
  // A run that failed before it wrote anything leaves no folder behind.
  std::error_code ignored;
  if (made_ && is_empty_but_for_traces(folder_)) fs::remove_all(folder_, ignored);
}

void require_free(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / ".lock", ignored)) return;
  const FileLock lock(folder / ".lock");
  if (!lock.held()) throw FolderInUse(fmt::format("the run folder \"{}\" is in use by {}", folder.string(), lock.holder()));
}

bool holds_nothing(const fs::path& folder) {
  std::error_code ignored;
  return !fs::exists(folder, ignored) || (fs::is_directory(folder, ignored) && is_empty_but_for_traces(folder));
}

bool is_run_of_lafs(const fs::path& folder) {
  const auto manifest = json_or_nothing(folder / "manifest.json");
  if (manifest.is_object() && manifest.contains("training_identity") && manifest.contains("sessions")) return true;
  std::error_code ignored;
  for (fs::directory_iterator entry(folder / "checkpoints", ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    const auto state = json_or_nothing(entry->path() / "state.json");
    if (state.is_object() && state.contains("training_identity") && state.contains("encoder")) return true;
  }
  return false;
}

bool holds_run(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "checkpoints", ignored);
}

std::vector<std::string> runs_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::is_directory(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (holds_run(entry.path())) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

/// The lines of a resolved recipe, each behind the header of its table.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string table, line;
  std::istringstream in(text);
  while (std::getline(in, line)) {
    if (line.starts_with('['))
      table = line;
    else if (!line.empty())
      lines.push_back(table + " " + line);
  }
  return lines;
}

std::string key_of(const std::string& line) { return line.substr(0, line.find('=')); }

}  // namespace

std::string recipe_difference(const std::string& first, const std::string& second, size_t most) {
  const auto a = lines_of(first), b = lines_of(second);
  const std::set<std::string> in_a(a.begin(), a.end()), in_b(b.begin(), b.end());
  std::vector<std::string> out;
  for (const std::string& line : a) {
    if (!in_b.contains(line)) out.push_back("  - " + line);
  }
  for (const std::string& line : b) {
    if (!in_a.contains(line)) out.push_back("  + " + line);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return key_of(x.substr(4)) < key_of(y.substr(4)); });
  std::string text;
  for (size_t i = 0; i < out.size() && i < most; ++i) text += "\n" + out[i];
  if (out.size() > most) text += fmt::format("\n  and {} more", out.size() - most);
  return text;
}

std::vector<std::string> missing_records(const std::filesystem::path& run_folder) {
  std::vector<std::string> said;
  const std::filesystem::path manifest = run_folder / "manifest.json", recipe = run_folder / "recipe.toml";
  if (!std::filesystem::exists(manifest))
    said.push_back(fmt::format("\"{}\" is missing and begins again: what it said of earlier sessions is lost", manifest.string()));
  if (!std::filesystem::exists(recipe)) said.push_back(fmt::format("\"{}\" is missing and is written again", recipe.string()));
  return said;
}

}  // namespace lafs
