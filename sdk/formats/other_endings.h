#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lafs::formats {

/// Counts files that are passed over because of their ending, in small letters.
class OtherEndings {
 public:
  void add(std::string_view name);
  bool empty() const { return counts_.empty(); }
  const std::map<std::string, int64_t>& counts() const { return counts_; }  ///< of ".heic", or "" for a name without an ending
  /// "3 .heic, 1 without an ending", the most frequent first; no more than twelve endings, and how many there are beside these.
  std::string text() const;

 private:
  std::map<std::string, int64_t> counts_;
};

}  // namespace lafs::formats
