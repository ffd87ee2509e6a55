#include "kernel/data/new_folder.h"

#include <unistd.h>

#include <system_error>

#include <fmt/format.h>

#include "formats/path_within.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool is_leftover(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(".") && name.ends_with(".part");
}

fs::path plain(const fs::path& path) {
  const fs::path whole = fs::weakly_canonical(fs::absolute(path)).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

}  // namespace

NewFolder::NewFolder(const fs::path& wanted) : wanted_(fs::absolute(wanted).lexically_normal()) {
  if (!wanted_.has_filename()) wanted_ = wanted_.parent_path();
  there_ = fs::exists(wanted_);
  if (there_ && !fs::is_directory(wanted_)) throw Error(fmt::format("\"{}\" is a file", wanted_.string()));
  if (there_) {
    for (const auto& entry : fs::directory_iterator(wanted_))
      if (!is_leftover(entry.path()))
        throw Error(
            fmt::format("\"{}\" is not empty: it holds \"{}\"; give a new folder", wanted_.string(), entry.path().filename().string()));
  }
  const std::string name = fmt::format(".{}.{}.part", there_ ? "lafs" : wanted_.filename().string(), ::getpid());
  apart_ = (there_ ? wanted_ : wanted_.parent_path()) / name;
  std::error_code error;
  fs::create_directories(apart_, error);
  if (error)
    throw Error(fmt::format("cannot write \"{}\": nothing can be made in \"{}\": {}", wanted_.string(), apart_.parent_path().string(),
                            error.message()));
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  fs::remove_all(apart_, ignored);
}

void NewFolder::commit() {
  if (!there_) return fs::rename(apart_, wanted_);
  for (const auto& entry : fs::directory_iterator(apart_)) fs::rename(entry.path(), wanted_ / entry.path().filename());
}

void check_apart(const fs::path& data, const fs::path& out) {
  const fs::path from = plain(data), to = plain(out);
  if (formats::is_within(to, from))
    throw Error(fmt::format("the output \"{}\" lies in the folder of the pictures, \"{}\"; give another", out.string(), data.string()));
  if (formats::is_within(from, to))
    throw Error(fmt::format("the pictures \"{}\" lie in the output folder \"{}\"; give another", data.string(), out.string()));
}

}  // namespace lafs
