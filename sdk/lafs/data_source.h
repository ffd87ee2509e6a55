#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lafs/error.h"
#include "lafs/sample.h"

namespace lafs {

class Assembly;

/// Pictures by index. Does not keep decoded pictures: memory does not grow with the set beyond 16 bytes an image.
/// Made once a command. In training the loader calls `get` for each picture of a batch from its worker threads, several at a time;
/// embedding and packing do the same. `fingerprint` is asked once, before the first step, and again when a finished run is to be reused.
///
///     MySource(const Options& options, lafs::Assembly&) : files_(listed(options.root)) {}  // names and labels only
///     int64_t size() const override { return static_cast<int64_t>(files_.size()); }
///     lafs::Sample get(int64_t index) const override {
///       lafs::Sample sample;
///       sample.image = lafs::imaging::read_image(files_[index].path);  // throws Error that names the file
///       sample.identity = files_[index].identity;
///       sample.index = index;
///       sample.key = files_[index].name;
///       return sample;
///     }
///
/// A source that reads files should be able to write some, so that `lafs run --rehearse` tries a recipe where its data is not there:
///
///     /// Writes every picture of `pictures` where `options` say that files are, in folders that it makes. `pictures` is small, has
///     /// landmarks, and those of a person follow each other. True: a source of these options can be opened now. [main thread]
///     static bool write_example(const Options& options, const lafs::DataSource& pictures);
class DataSource {
 public:
  static constexpr std::string_view kind = "data_source";
  using Factory = std::function<std::shared_ptr<DataSource>(Assembly&)>;  ///< the assembly makes nested sources
  virtual ~DataSource() = default;

  virtual int64_t size() const = 0;        ///< number of pictures, > 0 [any thread]
  virtual int64_t identities() const = 0;  ///< number of identities, > 0 [any thread]

  /// The picture at 0 <= index < size(): the same bytes at every call. Throws Error naming the item. [any thread]
  virtual Sample get(int64_t index) const = 0;
  /// What `get(index).identity` and `.key` would say, without decoding. [any thread]
  virtual int64_t identity(int64_t index) const = 0;
  virtual std::string key(int64_t index) const = 0;
  /// Index of the picture with this key, if there is one. [any thread]
  virtual std::optional<int64_t> find(const std::string& key) const = 0;

  /// Hex digest that changes when pictures, labels or their order change; cheap, so of files names and sizes alone (content_hashed.h has
  /// more)
  virtual std::string fingerprint() const = 0;
};

/// Throws Error `image 7 is outside [0, 5)` unless 0 <= index < size. For the first line of `get` and `encoded`.
inline void check_index(int64_t index, int64_t size) {
  if (index < 0 || index >= size) throw Error("image " + std::to_string(index) + " is outside [0, " + std::to_string(size) + ")");
}

/// A source of encoded files may hand out their bytes: `lafs data pack` then copies them without decoding.
class Encoded {
 public:
  virtual ~Encoded() = default;
  virtual std::vector<uint8_t> encoded(int64_t index) const = 0;  ///< [any thread]
};

/// A source that leaves out damaged items says which. They have no index, so `get` never sees them; the run's log lists them once.
class Skipping {
 public:
  virtual ~Skipping() = default;
  virtual std::vector<std::string> skipped() const = 0;  ///< keys with the reason, in order [main thread]
};

}  // namespace lafs
