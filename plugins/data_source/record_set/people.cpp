#include "people.h"

#include <algorithm>

#include <fmt/format.h>

namespace lafs::record_set {

std::vector<uint32_t> distinct_labels(int64_t pictures, int64_t largest, const std::function<int64_t(int64_t)>& label) {
  std::vector<uint32_t> labels;
  if (largest / 32 <= pictures) {
    std::vector<bool> seen(static_cast<size_t>(largest) + 1, false);
    for (int64_t i = 0; i < pictures; ++i) seen[static_cast<size_t>(label(i))] = true;
    for (size_t n = 0; n < seen.size(); ++n) {
      if (seen[n]) labels.push_back(static_cast<uint32_t>(n));
    }
    return labels;
  }
  labels.reserve(static_cast<size_t>(pictures));
  for (int64_t i = 0; i < pictures; ++i) labels.push_back(static_cast<uint32_t>(label(i)));
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

std::string gap_note(int64_t people, int64_t identities, bool from_zero) {
  if (people == identities) return "";
  return fmt::format(
      "labels have gaps: they go {}up to {}, and {} of these {} identities have no picture; a head gets a row for each, trained "
      "or not; renumber = true numbers the {} that have pictures from 0",
      from_zero ? "" : "from above 0 ", identities - 1, identities - people, identities, people);
}

}  // namespace lafs::record_set
