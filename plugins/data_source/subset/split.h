#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/data_source.h"

namespace lafs::subset {

struct Split {
  std::string file;
  bool skip_missing = false;  ///< people whom the source does not have are noted; else they are an error
};

/// Whether the split names each identity of the source; `first_picture` is -1 for one without pictures, which has no name. Throws Error
/// with file and line for people who are not there, how many they are and why the first is not found, and for a split that names nobody.
std::vector<bool> named_people(const Split& split, const DataSource& source, const std::vector<int64_t>& first_picture, Assembly& assembly);

}  // namespace lafs::subset
