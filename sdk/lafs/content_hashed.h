#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lafs/data_source.h"
#include "lafs/error.h"

namespace lafs {

/// What somebody wants to know of the bytes behind a source's pictures, and who is told while they are read.
struct ContentRequest {
  const std::vector<int64_t>* only = nullptr;  ///< indices of pictures, ascending, at least one; null: all
  /// Told now and then how many pictures of how many were looked at; false stops the work. [one thread at a time, any]
  std::function<bool(int64_t done, int64_t total)> go_on = [](int64_t, int64_t) { return true; };
  /// Sentences for people, such as that nothing could be kept for the next time.
  std::function<void(const std::string&)> note = [](const std::string&) {};

  /// Of a source of `all` pictures: how many are asked for, and the index of the n-th of them.
  int64_t count(int64_t all) const { return only ? static_cast<int64_t>(only->size()) : all; }
  int64_t at(int64_t n) const { return only ? (*only)[static_cast<size_t>(n)] : n; }
};

/// Thrown when `ContentRequest::go_on` said stop. What was read until then is kept where it can be.
class [[gnu::visibility("default")]] StoppedReading : public Error {
 public:
  StoppedReading() : Error("stopped while the pictures were read for the fingerprint of the data") {}
};

/// A source of files: names and sizes, which `fingerprint` covers, do not say whether the pictures are still the same ones.
class ContentHashed {
 public:
  virtual ~ContentHashed() = default;
  /// Hex digest that changes when any byte of a requested picture, its label or their order changes. It follows neither the place of the
  /// files nor their times, so that a copy has the same. The first call reads every requested picture; later ones only what changed since.
  /// Throws StoppedReading. [main thread]
  virtual std::string content_fingerprint(const ContentRequest& request) const = 0;
};

/// The content fingerprint of a source that has one; else its fingerprint, which is all there is of drawn pictures.
///
///     std::string content_fingerprint(const lafs::ContentRequest& request) const override {  // of a source around another
///       return mixed(lafs::content_fingerprint_of(*inner_, request));
///     }
inline std::string content_fingerprint_of(const DataSource& source, const ContentRequest& request) {
  const auto* hashed = dynamic_cast<const ContentHashed*>(&source);
  return hashed ? hashed->content_fingerprint(request) : source.fingerprint();
}

}  // namespace lafs
