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
class DataSource {
 public:
  static constexpr std::string_view kind = "data_source";
  using Factory = std::function<std::shared_ptr<DataSource>(Assembly&)>;  ///< the assembly makes nested sources
  virtual ~DataSource() = default;

  virtual int64_t size() const = 0;        ///< number of pictures, > 0
  virtual int64_t identities() const = 0;  ///< number of identities, > 0

  /// The picture at 0 <= index < size(): the same bytes at every call. Throws Error naming the item. [any thread]
  virtual Sample get(int64_t index) const = 0;
  /// What `get(index).identity` and `.key` would say, without decoding. [any thread]
  virtual int64_t identity(int64_t index) const = 0;
  virtual std::string key(int64_t index) const = 0;
  /// Index of the picture with this key, if there is one. [any thread]
  virtual std::optional<int64_t> find(const std::string& key) const = 0;

  /// Hex digest that changes when pictures, labels or their order change; cheap (names and sizes, not pixels).
  virtual std::string fingerprint() const = 0;
};

/// Throws Error `image 7 is outside [0, 5)` unless 0 <= index < size. For the first line of `get` and `encoded`.
inline void check_index(int64_t index, int64_t size) {
  if (index < 0 || index >= size) throw Error("image " + std::to_string(index) + " is outside [0, " + std::to_string(size) + ")");
}

/// A source of encoded files may hand out their bytes, for packing without loss.
class Encoded {
 public:
  virtual ~Encoded() = default;
  virtual std::vector<uint8_t> encoded(int64_t index) const = 0;  ///< [any thread]
};

/// A source that leaves out damaged items says which. `get` never asks for them.
class Skipping {
 public:
  virtual ~Skipping() = default;
  virtual std::vector<std::string> skipped() const = 0;  ///< keys with the reason, in order
};

}  // namespace lafs
