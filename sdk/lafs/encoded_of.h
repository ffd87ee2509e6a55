#pragma once
#include "lafs/data_source.h"

namespace lafs {

/// An Encoded that may have nothing to hand out: it passes on another source's bytes, or changes pictures once they are decoded.
class MaybeEncoded : public Encoded {
 public:
  /// Whether decoding the bytes gives the pictures of `get`. [any thread]
  virtual bool has_encoded() const = 0;
};

/// The bytes of a source, where it has them; else null.
inline const Encoded* encoded_of(const DataSource& source) {
  if (const auto* maybe = dynamic_cast<const MaybeEncoded*>(&source); maybe && !maybe->has_encoded()) return nullptr;
  return dynamic_cast<const Encoded*>(&source);
}

}  // namespace lafs
