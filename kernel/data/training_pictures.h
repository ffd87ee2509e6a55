#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "kernel/data/loader.h"
#include "kernel/recipe/options.h"
#include "lafs/data_source.h"

namespace lafs {

/// The pictures of a source as a run is fed them. Where `[run] damaged` says "skip", the next picture that can be read stands in for one
/// that cannot, the first coming after the last: which one that is follows from the data alone, so that a run stays what it is however it
/// is stopped and continued. Damaged pictures are counted and listed when a batch with them is used. Otherwise what cannot be read ends the
/// run with a sentence about the ways on.
class TrainingPictures final : public DataSource {
 public:
  /// Damaged pictures are listed in `folder`/damaged.tsv, those of earlier sessions count. `note` hears of each, once.
  TrainingPictures(std::shared_ptr<const DataSource> source, const RunOptions& run, const std::filesystem::path& folder,
                   std::function<void(const std::string&)> note);

  int64_t size() const override { return source_->size(); }
  int64_t identities() const override { return source_->identities(); }
  int64_t identity(int64_t index) const override { return source_->identity(index); }
  std::string key(int64_t index) const override { return source_->key(index); }
  std::optional<int64_t> find(const std::string& key) const override { return source_->find(key); }
  std::string fingerprint() const override { return source_->fingerprint(); }

  /// The picture, or what stands in for it: `index` of the sample says which. Throws Error when more pictures in a row than the limit
  /// allows cannot be read. [any thread]
  Sample get(int64_t index) const override;

  /// Counts and lists what a batch could not be given; hands the batch on. Throws Error beyond the limit. [main thread]
  std::shared_ptr<LoadedBatch> counted(std::shared_ptr<LoadedBatch> batch);
  int64_t damaged() const { return static_cast<int64_t>(listed_.size()); }  ///< different pictures, of all sessions [main thread]

  static constexpr const char* list_name = "damaged.tsv";

 private:
  void list(int64_t index, int64_t instead);

  std::shared_ptr<const DataSource> source_;
  bool skip_;
  int64_t limit_;
  std::filesystem::path file_;
  std::function<void(const std::string&)> note_;
  std::set<std::string> listed_;  ///< keys, as they stand in the file
  mutable std::mutex guard_;
  mutable std::map<int64_t, std::string> reasons_;  ///< of pictures that could not be read
};

}  // namespace lafs
