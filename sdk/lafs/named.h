#pragma once
#include <cstdint>
#include <string>

#include "lafs/data_source.h"

namespace lafs {

/// A source whose people have names of their own: their folders, or the labels of a list. Lists of people use these names, and a table of
/// them goes where only numbers are left (record sets, features, run folders).
class Named {
 public:
  virtual ~Named() = default;
  /// Of 0 <= identity < identities(); empty for one without a name. [any thread]
  virtual std::string identity_name(int64_t identity) const = 0;
};

/// The name that a source has for a person; empty where it has none.
inline std::string identity_name(const DataSource& source, int64_t identity) {
  const auto* named = dynamic_cast<const Named*>(&source);
  return named ? named->identity_name(identity) : std::string();
}

}  // namespace lafs
