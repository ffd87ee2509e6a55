#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/mapped_file.h"

namespace lafs::formats {

/// XXH3-128 of some bytes.
struct ContentHash {
  uint64_t high = 0, low = 0;
  bool operator==(const ContentHash&) const = default;
};

/// What the file system says of a file without reading it. A file whose bytes change gets another state.
struct FileState {
  uint64_t word = 0;      ///< hash of size, inode and the times of the last changes; 0: there is no such file
  int64_t changed_s = 0;  ///< when it was last changed, in seconds since 1970
  bool operator==(const FileState&) const = default;
};
FileState state_of(const std::filesystem::path& file);

/// Hashes of contents that were read before, so that a file is read again only when its state is another one. Kept in the file
/// ".lafs-contents" of the data's folder or, where that cannot be written, below $XDG_CACHE_HOME/lafs (~/.cache/lafs). It may be deleted at
/// any time: it saves time and decides nothing. 32 bytes an entry.
class ContentIndex {
 public:
  static constexpr std::string_view file_name = ".lafs-contents";

  /// Never throws: an index that is absent or damaged knows nothing.
  explicit ContentIndex(const std::filesystem::path& folder);

  /// A key is a hash of what a person would call the content, such as a name within the folder. [any thread]
  static uint64_t key_of(std::string_view name);
  std::optional<ContentHash> find(uint64_t key, const FileState& state) const;  ///< [any thread]
  /// To be kept, unless the file changed so short ago that another change might leave its times as they are. [any thread]
  void put(uint64_t key, const FileState& state, const ContentHash& hash);
  /// Writes what is new, with what was known. Returns why it could not be written anywhere, or nothing. [one thread at a time]
  std::string save();

 private:
  struct Entry {
    uint64_t key, state;
    ContentHash hash;
  };
  struct Loaded {
    MappedFile file;
    const Entry* entries;
    size_t count;
  };
  static uint64_t sum_of(std::span<const Entry> entries);
  static std::optional<Loaded> load(const std::filesystem::path& file);
  static std::filesystem::path cache_file(const std::filesystem::path& folder);
  std::vector<Entry> merged() const;

  std::filesystem::path beside_, cached_;
  std::vector<Loaded> loaded_;
  std::mutex guard_;
  std::vector<Entry> fresh_;
};

}  // namespace lafs::formats
