#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace lafs::formats {

/// Distinct ids in ascending order, and the position of each. Any 64-bit id: ids that lie close take a table, others a hash map.
class IdIndex {
 public:
  IdIndex() = default;
  explicit IdIndex(std::vector<int64_t> ids);  ///< in any order, repeats allowed

  const std::vector<int64_t>& ids() const { return ids_; }
  int64_t size() const { return static_cast<int64_t>(ids_.size()); }
  /// Position in `ids()`; -1 for one that is not there. [any thread]
  int64_t find(int64_t id) const {
    if (!table_.empty()) {
      const uint64_t at = static_cast<uint64_t>(id) - static_cast<uint64_t>(ids_.front());
      return at < table_.size() ? table_[at] : -1;
    }
    const auto found = map_.find(id);
    return found == map_.end() ? -1 : found->second;
  }

 private:
  std::vector<int64_t> ids_;
  std::vector<int32_t> table_;  ///< by distance from the smallest id
  std::unordered_map<int64_t, int64_t> map_;
};

}  // namespace lafs::formats
