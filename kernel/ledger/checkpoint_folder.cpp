#include "kernel/ledger/checkpoint_folder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "formats/safetensors.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view step_prefix = "step-", part_suffix = ".part";
constexpr const char* tensor_files[] = {"weights.safetensors", "optimizer.safetensors"};

bool is_step_name(std::string_view name) {
  if (!name.starts_with(step_prefix)) return false;
  name.remove_prefix(step_prefix.size());
  return name.size() >= 8 && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// ".step-00000007.part": a checkpoint that was being written, made of files of ours alone.
bool is_half_written(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with('.') || !name.ends_with(part_suffix)) return false;
  if (!is_step_name(std::string_view(name).substr(1, name.size() - 1 - part_suffix.size()))) return false;
  std::error_code ignored;
  return std::all_of(fs::directory_iterator(folder, ignored), fs::directory_iterator(), [](const fs::directory_entry& entry) {
    const std::string file = entry.path().filename().string();
    return file == "state.json" || file == tensor_files[0] || file == tensor_files[1] || file.ends_with(part_suffix);
  });
}

WholeCheckpoint read_whole(const fs::path& folder) {
  auto [position, facts] = read_checkpoint_state(folder);
  for (const char* file : tensor_files) formats::SafetensorsReader reader(folder / file);
  return {folder, position, std::move(facts)};
}

std::optional<WholeCheckpoint> whole_or_nothing(const fs::path& folder) {
  try {
    return read_whole(folder);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

/// Real folders within that have the name of a checkpoint, or of a link that a copy program turned into one.
std::vector<fs::path> candidates(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;
    if ((is_step_name(name) || name == "last" || name == "best") &&
        fs::symlink_status(entry->path(), unknown).type() == fs::file_type::directory)
      found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end(), std::greater<>());  // "step-..." before "last" and "best"
  return found;
}

}  // namespace

std::string CheckpointFolder::name_of(int64_t step) { return fmt::format("{}{:08d}", step_prefix, step); }

/// Name of the folder that the name leads to, whether or not it is there: a link's target, or a small file's text. For a folder itself its
/// own name; empty for anything else.
std::string CheckpointFolder::target_of(std::string_view name) const {
  const fs::path path = folder_ / name;
  std::error_code ignored;
  const fs::file_type type = fs::symlink_status(path, ignored).type();
  if (type == fs::file_type::symlink) return fs::read_symlink(path, ignored).filename().string();
  if (type == fs::file_type::directory) return std::string(name);
  if (type != fs::file_type::regular || fs::file_size(path, ignored) > 4096) return "";
  std::ifstream in(path, std::ios::binary);
  std::string text;
  in >> text;  // as files that stand for links on Windows may end in a line feed or in zero bytes
  text.resize(std::strlen(text.c_str()));
  text = fs::path(text).filename().string();
  return is_step_name(text) ? text : "";
}

fs::path CheckpointFolder::find(std::string_view name) const {
  std::error_code ignored;
  if (const std::string target = target_of(name); !target.empty() && fs::exists(folder_ / target / "state.json", ignored))
    return folder_ / target;
  const auto all = survey().whole;
  if (all.empty()) return {};
  if (name == "last") return all.front().folder;
  const auto best =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.position.step == all.front().position.best_step; });
  return best == all.end() ? fs::path() : best->folder;
}

bool CheckpointFolder::best_is_earlier() const {
  const fs::path best = find("best"), last = find("last");
  if (best.empty() || last.empty()) return false;
  const auto chosen = whole_or_nothing(best), newest = whole_or_nothing(last);
  return chosen && newest && chosen->position.step < newest->position.step;
}

CheckpointSurvey CheckpointFolder::survey() const {
  CheckpointSurvey found;
  for (const fs::path& folder : candidates(folder_)) {
    try {
      WholeCheckpoint one = read_whole(folder);
      const auto same_step = [&](const WholeCheckpoint& other) { return other.position.step == one.position.step; };
      if (std::none_of(found.whole.begin(), found.whole.end(), same_step)) found.whole.push_back(std::move(one));
    } catch (const std::exception& error) {
      found.damaged.push_back(fmt::format("{}: {}", folder.filename().string(), sentence_of(error)));
    }
  }
  std::stable_sort(found.whole.begin(), found.whole.end(), [](const auto& a, const auto& b) { return a.position.step > b.position.step; });
  return found;
}

bool CheckpointFolder::has_dangling_name() const {
  std::error_code ignored;
  return std::ranges::any_of(std::array{"last", "best"}, [&](const char* name) {
    const std::string target = target_of(name);
    return !target.empty() && !fs::exists(folder_ / target, ignored);
  });
}

std::string CheckpointFolder::prepare() const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw Error(fmt::format("cannot make the folder \"{}\": {}", folder_.string(), error.message()));
  const fs::path probe = folder_ / ".link.part";
  fs::remove(probe, error);
  fs::create_directory_symlink("target", probe, error);
  const std::string reason = error ? error.message() : "";
  fs::remove(probe, error);
  if (reason.empty()) return "";
  return fmt::format("the file system of \"{}\" has no symbolic links ({}): last and best are files that hold the name of a checkpoint",
                     folder_.string(), reason);
}

void CheckpointFolder::point(const std::string& name, const std::string& target) const {
  const fs::path fresh = folder_ / fmt::format(".{}.part", name);
  std::error_code error;
  fs::remove(fresh, error);
  fs::create_directory_symlink(target, fresh, error);
  if (error) {
    if (fs::is_symlink(folder_ / name, error)) fs::remove(folder_ / name, error);  // writing would follow it
    formats::write_atomically(folder_ / name, target + "\n");
    return;
  }
  fs::rename(fresh, folder_ / name, error);
  if (error) throw Error(fmt::format("cannot write \"{}\": {}", (folder_ / name).string(), error.message()));
}

/// Gives a folder that cannot be used another name, so that nothing of it is lost.
fs::path CheckpointFolder::move_aside(const std::string& name) const {
  for (int number = 1;; ++number) {
    const fs::path aside = folder_ / fmt::format("{}.aside-{}", name, number);
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(aside, ignored))) continue;
    fs::rename(folder_ / name, aside);
    return aside;
  }
}

/// Where a copy program made a folder of the name: the checkpoint moves to the folder of its step, or goes if that has it already.
std::string CheckpointFolder::settle(const std::string& name) const {
  const fs::path copied = folder_ / name;
  const auto copy = whole_or_nothing(copied);
  if (!copy) return fmt::format("moved \"{}\" to \"{}\": it is not a whole checkpoint", copied.string(), move_aside(name).string());
  const std::string place = name_of(copy->position.step);
  const auto there = whole_or_nothing(folder_ / place);
  if (there && there->facts.identity == copy->facts.identity) {
    fs::remove_all(copied);
    return fmt::format("removed \"{}\", a copy of {}", copied.string(), place);
  }
  std::error_code ignored;
  if (fs::exists(folder_ / place, ignored)) move_aside(place);
  fs::rename(copied, folder_ / place);
  return fmt::format("moved \"{}\" to {}", copied.string(), place);
}

std::vector<std::string> CheckpointFolder::repair(const WholeCheckpoint& from) const {
  std::vector<std::string> said;
  for (const char* name : {"best", "last"}) {
    if (target_of(name) == name) said.push_back(settle(name));
  }
  const auto lead = [&](const std::string& name, int64_t step) {
    const std::string wanted = name_of(step);
    std::error_code ignored;
    if (target_of(name) == wanted || !fs::exists(folder_ / wanted, ignored)) return;
    point(name, wanted);
    said.push_back(fmt::format("\"{}\" did not name {}, and does so again", (folder_ / name).string(), wanted));
  };
  if (from.position.best_step >= 0) lead("best", from.position.best_step);
  lead("last", from.position.step);
  return said;
}

void CheckpointFolder::prune(const std::string& identity) const {
  const std::set<std::string> kept{target_of("last"), target_of("best")};
  std::vector<fs::path> removable;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.is_symlink() || !entry.is_directory()) continue;
    const std::string name = entry.path().filename().string();
    if (is_half_written(entry.path())) removable.push_back(entry.path());
    if (!is_step_name(name) || kept.contains(name)) continue;
    const auto found = whole_or_nothing(entry.path());
    if (found && !found->position.stays && found->facts.identity == identity && name_of(found->position.step) == name)
      removable.push_back(entry.path());
  }
  for (const fs::path& folder : removable) fs::remove_all(folder);
}

}  // namespace lafs
