#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/data_source.h"

namespace lafs {

/// Two pictures that a protocol compares, as indices of a source, and whether they are of one person.
struct ComparedPair {
  int64_t first = 0, second = 0;
  bool same = false;
};

/// A source whose data say which pictures are compared, as a verification set `lfw.bin` does. An evaluator of pairs takes these.
///
///     if (const auto* paired = dynamic_cast<const lafs::Paired*>(source.get())) use(paired->pairs());
class Paired {
 public:
  virtual ~Paired() = default;
  /// In the order of the protocol, which its folds follow. [main thread]
  virtual std::vector<ComparedPair> pairs() const = 0;
  /// Hex digest of pictures and pairs: equal for sources of one set, at whatever size they give its pictures. [any thread]
  virtual std::string set_digest() const = 0;
  /// Whether `DataSource::identity` tells people apart. False where only the pairs are known, and a person of several pairs counts as
  /// several: such identities are no ground for other pairs, nor for statistics by person. [any thread]
  virtual bool knows_people() const = 0;
};

}  // namespace lafs
