#include "lafs/suggestion.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lafs {

namespace {

/// Edits between two names: insertions, deletions, replacements, and swaps of neighbours.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (candidates.empty()) return "";
  const std::string* nearest = nullptr;
  size_t fewest = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t edits = distance(name, candidate);
    // A name with every letter replaced is no likeness, however short it is.
    if (edits < fewest && edits < std::max(name.size(), candidate.size())) {
      fewest = edits;
      nearest = &candidate;
    }
  }
  if (nearest) return fmt::format("; did you mean \"{}\"?", *nearest);
  return fmt::format("; one of \"{}\"", fmt::join(candidates, "\", \""));
}

std::string suggest_capable(const std::vector<std::string>& plugins) {
  return plugins.empty() ? "" : fmt::format("; try \"{}\"", fmt::join(plugins, "\", \""));
}

}  // namespace lafs
