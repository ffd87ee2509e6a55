#include "kernel/data/write_pictures.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <span>

#include <fmt/format.h>

#include "imaging/encode.h"
#include "imaging/quick_png.h"
#include "kernel/data/new_folder.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::string file_name(const DataSource& source, int64_t index, const std::string& format) {
  return fs::path(source.key(index)).replace_extension(format == "png" ? ".png" : ".jpg").generic_string();
}

/// Throws Error where "1.jpg" and "1.png" would become one file.
std::set<std::string> folders_of(const DataSource& source, const std::string& format) {
  std::set<std::string> folders;
  std::vector<std::pair<std::string, int64_t>> names;
  for (int64_t i = 0; i < source.size(); ++i) {
    names.emplace_back(file_name(source, i, format), i);
    folders.insert(fs::path(names.back().first).parent_path().generic_string());
  }
  std::sort(names.begin(), names.end());
  for (size_t i = 1; i < names.size(); ++i) {
    if (names[i].first == names[i - 1].first)
      throw Error(fmt::format("\"{}\" and \"{}\" would both become \"{}\"; keep one of them", source.key(names[i - 1].second),
                              source.key(names[i].second), names[i].first));
  }
  return folders;
}

std::vector<uint8_t> encoded_as(const Image& image, const PictureFolderOptions& options) {
  if (options.format == "png") return imaging::encode_png_quickly(image);
  return imaging::encode_jpeg(image, options.quality);
}

/// A file of a folder that is not in place yet: not brought to the disk one by one, which would take longer than all else.
void write_file(const fs::path& file, std::span<const uint8_t> bytes) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  bool whole = descriptor >= 0;
  while (whole && !bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    whole = written > 0;
    if (whole) bytes = bytes.subspan(static_cast<size_t>(written));
  }
  const int error = errno;
  if (descriptor >= 0 && ::close(descriptor) != 0) whole = false;
  if (!whole) throw Error(fmt::format("cannot write \"{}\": {}", file.string(), std::strerror(error)));
}

class PictureWriter {
 public:
  PictureWriter(const DataSource& source, const PictureFolderOptions& options, const NewFolder& folder,
                const std::function<bool(int64_t)>& go_on)
      : source_(source), options_(options), folder_(folder), go_on_(go_on) {}

  /// Pictures [begin, end).
  void work(int64_t begin, int64_t end) {
    uint64_t bytes = 0;
    std::vector<DamagedPicture> damaged;
    for (int64_t i = begin; i < end; ++i) {
      std::vector<uint8_t> file;
      try {
        file = encoded_as(source_.get(i).image, options_);
      } catch (const Error& error) {
        damaged.push_back({i, source_.key(i), error.what()});
        continue;
      }
      write_file(folder_ / file_name(source_, i, options_.format), file);
      bytes += file.size();
    }
    const std::lock_guard lock(guard_);
    done_ += end - begin;
    result_.bytes += bytes;
    result_.pictures += end - begin - static_cast<int64_t>(damaged.size());
    result_.damaged.insert(result_.damaged.end(), damaged.begin(), damaged.end());
    if (!go_on_(done_)) throw Error(fmt::format("stopped after {} of {} pictures; nothing was written", done_, source_.size()));
  }

  PictureFolderResult finish() {
    std::sort(result_.damaged.begin(), result_.damaged.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    if (!result_.damaged.empty() && !options_.skip_damaged)
      throw Error(fmt::format("pictures that cannot be read: {} of {}; nothing was written; --missing skip leaves them out:{}",
                              result_.damaged.size(), source_.size(), damage_lines(result_.damaged, 20)));
    return std::move(result_);
  }

 private:
  const DataSource& source_;
  const PictureFolderOptions& options_;
  const NewFolder& folder_;
  const std::function<bool(int64_t)>& go_on_;
  std::mutex guard_;
  int64_t done_ = 0;
  PictureFolderResult result_;
};

}  // namespace

PictureFolderResult write_pictures(const DataSource& source, const PictureFolderOptions& options,
                                   const std::function<bool(int64_t)>& go_on) {
  NewFolder folder(options.out);
  for (const std::string& name : folders_of(source, options.format)) fs::create_directories(folder / name);
  PictureWriter writer(source, options, folder, go_on);
  for_blocks(0, source.size(), 16, options.threads, [&](int64_t begin, int64_t end) { writer.work(begin, end); });
  PictureFolderResult result = writer.finish();
  folder.commit();
  return result;
}

}  // namespace lafs
