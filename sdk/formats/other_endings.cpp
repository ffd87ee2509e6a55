#include "formats/other_endings.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lafs::formats {

void OtherEndings::add(std::string_view name) {
  std::string ending = std::filesystem::path(name).extension().string();
  for (char& letter : ending) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  ++counts_[ending];
}

std::string OtherEndings::text() const {
  constexpr size_t shown = 12;
  std::vector<std::pair<int64_t, std::string>> order;
  for (const auto& [ending, count] : counts_) order.emplace_back(-count, ending.empty() ? "without an ending" : ending);
  std::sort(order.begin(), order.end());
  std::vector<std::string> texts;
  for (const auto& [count, ending] : order) texts.push_back(fmt::format("{} {}", -count, ending));
  const size_t rest = texts.size() > shown ? texts.size() - shown : 0;
  texts.resize(texts.size() - rest);
  return fmt::format("{}{}", fmt::join(texts, ", "), rest > 0 ? fmt::format(", and {} more endings", rest) : "");
}

}  // namespace lafs::formats
