#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/face_records.h"
#include "formats/fingerprint.h"
#include "lafs/content_hashed.h"

namespace lafs::record_set {

/// Record sets one after the other that share their labels: label 5 is the same person in each. [any thread]
class Shards {
 public:
  /// Files of records, or folders: a folder's "train.rec", or else all its files that end in ".rec", by name.
  Shards(const std::vector<std::string>& paths, const formats::FaceRecords::Options& options);

  int64_t size() const { return ends_.back(); }
  int64_t largest_label() const;
  const std::vector<std::unique_ptr<formats::FaceRecords>>& all() const { return shards_; }
  /// The set that holds picture `i`, and its number there.
  std::pair<const formats::FaceRecords*, int64_t> at(int64_t i) const;
  /// "7": key of the record; with several sets "2/7", the set counted from 0.
  std::string key(int64_t i) const;
  std::optional<int64_t> find(const std::string& key) const;
  /// Keys and contents of the pictures `place(0)` to `place(count - 1)`. Throws StoppedReading.
  void add_contents(int64_t count, const std::function<int64_t(int64_t)>& place, const ContentRequest& request,
                    formats::Fingerprint& print) const;

 private:
  size_t shard_of(int64_t i) const;
  int64_t begin(size_t shard) const { return shard == 0 ? 0 : ends_[shard - 1]; }

  std::vector<std::unique_ptr<formats::FaceRecords>> shards_;
  std::vector<int64_t> ends_;
};

}  // namespace lafs::record_set
