#include "shards.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "formats/content_hash.h"
#include "lafs/error.h"

namespace lafs::record_set {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> files_of(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const fs::path path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    const std::vector<fs::path> found = formats::record_files(path);
    if (found.empty()) throw Error(fmt::format("the folder \"{}\" holds no file that ends in \".rec\"", path.string()));
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Only the spelling that `key` gives is a key.
  if (error != std::errc() || end != text.data() + text.size() || fmt::format("{}", value) != text) return std::nullopt;
  return value;
}

}  // namespace

Shards::Shards(const std::vector<std::string>& paths, const formats::FaceRecords::Options& options) {
  for (const fs::path& file : files_of(paths)) {
    shards_.push_back(std::make_unique<formats::FaceRecords>(file, options));
    ends_.push_back(shards_.back()->size() + (ends_.empty() ? 0 : ends_.back()));
  }
}

int64_t Shards::largest_label() const {
  int64_t largest = 0;
  for (const auto& shard : shards_) largest = std::max(largest, shard->largest_label());
  return largest;
}

size_t Shards::shard_of(int64_t i) const { return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), i) - ends_.begin()); }

std::pair<const formats::FaceRecords*, int64_t> Shards::at(int64_t i) const {
  const size_t shard = shard_of(i);
  return {shards_[shard].get(), i - begin(shard)};
}

std::string Shards::key(int64_t i) const {
  const size_t shard = shard_of(i);
  const uint64_t key = shards_[shard]->key(i - begin(shard));
  return shards_.size() == 1 ? fmt::format("{}", key) : fmt::format("{}/{}", shard, key);
}

std::optional<int64_t> Shards::find(const std::string& key) const {
  const size_t slash = key.find('/');
  if ((slash == std::string::npos) != (shards_.size() == 1)) return std::nullopt;
  const auto shard = slash == std::string::npos ? 0 : number(std::string_view(key).substr(0, slash));
  const auto wanted = number(std::string_view(key).substr(slash == std::string::npos ? 0 : slash + 1));
  if (!shard || !wanted || *shard >= shards_.size()) return std::nullopt;
  const auto there = shards_[*shard]->find(*wanted);
  return there ? std::optional(begin(*shard) + *there) : std::nullopt;
}

void Shards::add_contents(int64_t count, const std::function<int64_t(int64_t)>& place, const ContentRequest& request,
                          formats::Fingerprint& print) const {
  for (int64_t n = 0; n < count;) {
    const size_t shard = shard_of(place(n));
    int64_t past = n;
    while (past < count && shard_of(place(past)) == shard) ++past;
    const formats::FaceRecords& set = *shards_[shard];
    const auto chosen = [&](int64_t i) { return place(n + i) - begin(shard); };
    ContentRequest part = request;
    part.go_on = [&](int64_t done, int64_t) { return request.go_on(n + done, count); };
    const formats::ContentHash hash = formats::hash_records(set, past - n, chosen, part);
    for (int64_t i = 0; i < past - n; ++i) print.add(static_cast<int64_t>(set.key(chosen(i))));
    print.add(static_cast<int64_t>(shard)).add(static_cast<int64_t>(hash.high)).add(static_cast<int64_t>(hash.low));
    n = past;
  }
}

}  // namespace lafs::record_set
