#include "formats/content_index.h"

#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "formats/atomic_file.h"
#include "formats/cache_folder.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace fs = std::filesystem;

namespace {

constexpr std::array<char, 8> magic{'l', 'a', 'f', 's', 'h', 'a', 's', '1'};

/// Time stamps of some file systems are two seconds apart: a file that is younger may change once more without a new one.
constexpr int64_t settled_s = 2;

}  // namespace

FileState state_of(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  const std::array<int64_t, 6> facts{status.st_size,        static_cast<int64_t>(status.st_ino),
                                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
  return {std::max<uint64_t>(1, XXH3_64bits(facts.data(), sizeof facts)), status.st_ctim.tv_sec};
}

uint64_t ContentIndex::sum_of(std::span<const Entry> entries) { return XXH3_64bits(entries.data(), entries.size_bytes()); }

uint64_t ContentIndex::key_of(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

fs::path ContentIndex::cache_file(const fs::path& folder) {
  const fs::path root = cache_folder();
  if (root.empty()) return {};
  std::error_code ignored;
  const std::string place = fs::weakly_canonical(folder, ignored).string();
  return root / fmt::format("contents-{:016x}", key_of(place));
}

std::optional<ContentIndex::Loaded> ContentIndex::load(const fs::path& file) {
  std::error_code absent;
  if (file.empty() || !fs::is_regular_file(file, absent)) return std::nullopt;
  try {
    const MappedFile map(file);
    const std::span<const std::byte> bytes = map.bytes();
    constexpr size_t frame = magic.size() + sizeof(uint64_t);
    if (bytes.size() < frame || (bytes.size() - frame) % sizeof(Entry) != 0) return std::nullopt;
    uint64_t sum = 0;
    std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
    const auto* entries = reinterpret_cast<const Entry*>(bytes.data() + magic.size());
    const size_t count = (bytes.size() - frame) / sizeof(Entry);
    if (std::memcmp(bytes.data(), magic.data(), magic.size()) != 0 || sum != sum_of({entries, count})) return std::nullopt;
    return Loaded{map, entries, count};
  } catch (const Error&) {
    return std::nullopt;
  }
}

ContentIndex::ContentIndex(const fs::path& folder) : beside_(folder / file_name), cached_(cache_file(folder)) {
  for (const fs::path& file : {beside_, cached_}) {
    if (auto loaded = load(file)) loaded_.push_back(std::move(*loaded));
  }
}

std::optional<ContentHash> ContentIndex::find(uint64_t key, const FileState& state) const {
  if (state.word == 0) return std::nullopt;
  for (const Loaded& loaded : loaded_) {
    const Entry* end = loaded.entries + loaded.count;
    const Entry* at = std::lower_bound(loaded.entries, end, key, [](const Entry& entry, uint64_t wanted) { return entry.key < wanted; });
    if (at != end && at->key == key && at->state == state.word) return at->hash;
  }
  return std::nullopt;
}

void ContentIndex::put(uint64_t key, const FileState& state, const ContentHash& hash) {
  if (state.word == 0 || state.changed_s > std::time(nullptr) - settled_s) return;
  const std::lock_guard lock(guard_);
  fresh_.push_back({key, state.word, hash});
}

std::vector<ContentIndex::Entry> ContentIndex::merged() const {
  const auto by_key = [](const Entry& a, const Entry& b) { return a.key < b.key; };
  std::vector<Entry> all = fresh_;
  for (const Loaded& loaded : loaded_) all.insert(all.end(), loaded.entries, loaded.entries + loaded.count);
  std::stable_sort(all.begin(), all.end(), by_key);  // of equal keys the newest comes first
  all.erase(std::unique(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.key == b.key; }), all.end());
  return all;
}

std::string ContentIndex::save() {
  if (fresh_.empty()) return "";
  const std::vector<Entry> all = merged();
  const uint64_t sum = sum_of(all);
  std::string why = "no folder for caches is known: neither XDG_CACHE_HOME nor HOME is set";
  for (const fs::path& file : {beside_, cached_}) {
    if (file.empty()) continue;
    try {
      std::error_code told_below;
      if (file == cached_) fs::create_directories(file.parent_path(), told_below);
      AtomicFile out(file);
      out.write(std::as_bytes(std::span(magic)));
      out.write(std::as_bytes(std::span(all)));
      out.write(std::as_bytes(std::span(&sum, 1)));
      out.commit();
      fresh_.clear();
      return "";
    } catch (const Error& error) {
      why = error.what();
    }
  }
  return why;
}

}  // namespace lafs::formats
