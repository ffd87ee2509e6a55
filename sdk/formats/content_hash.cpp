#include "formats/content_hash.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "lafs/parallel.h"

namespace lafs::formats {

namespace fs = std::filesystem;

namespace {

constexpr size_t chunk_bytes = size_t{1} << 18;
constexpr int64_t files_at_once = 64, records_at_once = 1024;

ContentHash hash_of(const Fingerprint& content) {
  const XXH128_hash_t digest = content.digest();
  return {digest.high64, digest.low64};
}

/// Passes on from many threads how far they are.
class Counter {
 public:
  Counter(const ContentRequest& request, int64_t total) : request_(request), total_(total) {}
  /// Throws StoppedReading.
  void add(int64_t more) {
    const std::lock_guard lock(guard_);
    done_ += more;
    if (!request_.go_on(done_, total_)) throw StoppedReading();
  }

 private:
  const ContentRequest& request_;
  int64_t total_, done_ = 0;
  std::mutex guard_;
};

/// Nothing for a file that cannot be read.
std::optional<ContentHash> hash_of(const fs::path& file, std::vector<uint8_t>& buffer) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  Fingerprint content;
  ssize_t got = 0;
  while ((got = ::read(descriptor, buffer.data(), buffer.size())) != 0) {
    if (got > 0) content.add_bytes(buffer.data(), static_cast<size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  ::close(descriptor);
  return got == 0 ? std::optional(hash_of(content)) : std::nullopt;
}

/// From the index, or else from the file.
ContentHash content_of(const fs::path& file, const std::string& name, ContentIndex& index, std::vector<uint8_t>& buffer) {
  const uint64_t key = ContentIndex::key_of(name);
  const FileState state = state_of(file);
  if (const auto known = index.find(key, state)) return *known;
  if (buffer.empty()) buffer.resize(chunk_bytes);
  const auto hash = hash_of(file, buffer);
  // What was written to while it was read is read again the next time.
  if (hash && state_of(file) == state) index.put(key, state, *hash);
  return hash.value_or(ContentHash{});
}

/// Runs `work`, then keeps what it found, also when it was stopped.
template <typename Work>
void keeping(ContentIndex& index, const ContentRequest& request, const Work& work) {
  const auto keep = [&] {
    if (const std::string why = index.save(); !why.empty())
      request.note(fmt::format("the pictures will be read again for the next fingerprint, because their hashes cannot be kept: {}", why));
  };
  try {
    work();
  } catch (...) {
    keep();
    throw;
  }
  keep();
}

}  // namespace

std::vector<ContentHash> hash_files(const fs::path& folder, int64_t count, const std::function<std::string(int64_t)>& name,
                                    const ContentRequest& request) {
  std::vector<ContentHash> hashes(static_cast<size_t>(count));
  ContentIndex index(folder);
  Counter counter(request, count);
  keeping(index, request, [&] {
    for_blocks(0, count, files_at_once, hardware_threads(), [&](int64_t first, int64_t past) {
      std::vector<uint8_t> buffer;
      for (int64_t i = first; i < past; ++i) {
        const std::string of = name(i);
        hashes[static_cast<size_t>(i)] = content_of(folder / of, of, index, buffer);
      }
      counter.add(past - first);
    });
  });
  return hashes;
}

ContentHash hash_records(const FaceRecords& set, int64_t count, const std::function<int64_t(int64_t)>& chosen,
                         const ContentRequest& request) {
  Fingerprint choice;
  for (int64_t n = 0; n < count; ++n) {
    choice.add(static_cast<int64_t>(set.key(chosen(n))));
    choice.add(static_cast<int64_t>(set.offset(chosen(n))));
  }
  const ContentHash of = hash_of(choice);
  ContentIndex index(fs::absolute(set.path()).parent_path());
  const uint64_t key = ContentIndex::key_of(fmt::format("{} {:x} {:x}", set.path().filename().string(), of.high, of.low));
  const FileState state = state_of(set.path());
  if (const auto known = index.find(key, state)) return *known;

  std::vector<ContentHash> blocks(static_cast<size_t>((count + records_at_once - 1) / records_at_once));
  Counter counter(request, count);
  for_blocks(0, count, records_at_once, hardware_threads(), [&](int64_t first, int64_t past) {
    Fingerprint block;
    std::vector<uint8_t> record;
    for (int64_t n = first; n < past; ++n) {
      const bool whole = set.record(chosen(n), record);
      block.add(whole ? static_cast<int64_t>(record.size()) : -1);
      if (whole) block.add_bytes(record.data(), record.size());
    }
    blocks[static_cast<size_t>(first / records_at_once)] = hash_of(block);
    counter.add(past - first);
  });
  Fingerprint all;
  for (const ContentHash& block : blocks) all.add_bytes(&block, sizeof block);
  if (state_of(set.path()) == state) index.put(key, state, hash_of(all));
  keeping(index, request, [] {});
  return hash_of(all);
}

}  // namespace lafs::formats
