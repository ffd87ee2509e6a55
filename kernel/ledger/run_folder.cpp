#include "kernel/ledger/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

FolderLock::FolderLock(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the run folder \"{}\": {}", folder.string(), error.message()));
  const fs::path file = folder / ".lock";
  handle_ = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (handle_ < 0) throw Error(fmt::format("cannot write in the run folder \"{}\": {}", folder.string(), std::strerror(errno)));
  if (::flock(handle_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    ::close(handle_);
    if (reason == EWOULDBLOCK) throw Error(fmt::format("the run folder \"{}\" is in use by another process", folder.string()));
    throw Error(fmt::format("cannot lock the run folder \"{}\": {}", folder.string(), std::strerror(reason)));
  }
}

FolderLock::~FolderLock() {
  // A run that failed before it wrote anything leaves no folder behind.
  std::error_code ignored;
  const auto entries = std::distance(fs::directory_iterator(folder_, ignored), fs::directory_iterator());
  if (entries == 1) fs::remove_all(folder_, ignored);
  ::close(handle_);
}

bool holds_run(const fs::path& folder) { return fs::is_directory(folder / "checkpoints"); }

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

}  // namespace lafs
