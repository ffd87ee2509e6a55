#include "formats/id_index.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace lafs::formats {
namespace {

constexpr uint64_t widest_table = uint64_t{1} << 24;  // 64 MiB, far beyond the ids of IJB

}  // namespace

IdIndex::IdIndex(std::vector<int64_t> ids) : ids_(std::move(ids)) {
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
  if (ids_.empty()) return;
  const uint64_t range = static_cast<uint64_t>(ids_.back()) - static_cast<uint64_t>(ids_.front());
  if (range < widest_table) {
    table_.assign(range + 1, -1);
    for (size_t i = 0; i < ids_.size(); ++i)
      table_[static_cast<uint64_t>(ids_[i]) - static_cast<uint64_t>(ids_.front())] = static_cast<int32_t>(i);
    return;
  }
  map_.reserve(ids_.size());
  for (size_t i = 0; i < ids_.size(); ++i) map_.emplace(ids_[i], static_cast<int64_t>(i));
}

}  // namespace lafs::formats
