#include "lafs/suggestion.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/edit_distance.h"

namespace lafs {

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (candidates.empty()) return "";
  const std::string* nearest = nullptr;
  size_t fewest = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t edits = edit_distance(name, std::string_view(candidate));
    // A name with every letter replaced is not a likeness, however short it is.
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
