#include "imaging/rand_augment_policy.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"

namespace lafs::imaging {

namespace {

template <typename Number>
std::optional<Number> number_in(std::string_view text, Number low, Number high) {
  Number value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || !(value >= low && value <= high)) return std::nullopt;
  return value;
}

std::vector<std::string_view> sections_of(std::string_view text) {
  std::vector<std::string_view> sections;
  while (true) {
    const size_t hyphen = text.find('-');
    sections.push_back(text.substr(0, hyphen));
    if (hyphen == std::string_view::npos) return sections;
    text.remove_prefix(hyphen + 1);
  }
}

/// Takes a section into the policy; what is wrong with it, empty where nothing is.
std::string take(std::string_view section, RandAugmentPolicy& policy, std::set<std::string_view>& seen) {
  const auto digit = std::find_if(section.begin(), section.end(), [](unsigned char c) { return std::isdigit(c) || c == '.'; });
  const auto letters = static_cast<size_t>(digit - section.begin());
  const std::string_view name = section.substr(0, letters), number = section.substr(letters);
  if (name == "w") return fmt::format("\"{}\" weighs the operations, which lafs does not do", section);
  if (name != "m" && name != "mstd" && name != "n" && name != "inc") return fmt::format("\"{}\" is none of m, mstd, n and inc", section);
  if (!seen.insert(name).second) return fmt::format("\"{}\" says {} a second time", section, name);
  if (name == "m") {
    const auto value = number_in<int64_t>(number, 0, 10);
    if (!value) return fmt::format("\"{}\" needs a whole number in [0, 10] after m", section);
    policy.magnitude = static_cast<double>(*value);
  } else if (name == "mstd") {
    const auto value = number_in<double>(number, 0, 10);
    if (!value) return fmt::format("\"{}\" needs a number in [0, 10] after mstd", section);
    policy.noise = *value;
  } else if (name == "n") {
    const auto value = number_in<int64_t>(number, 1, 100);
    if (!value) return fmt::format("\"{}\" needs a whole number in [1, 100] after n", section);
    policy.count = *value;
  } else {
    if (!number_in<int64_t>(number, 0, 1)) return fmt::format("\"{}\" needs 0 or 1 after inc; both mean on", section);
    policy.increasing = true;
  }
  return "";
}

}  // namespace

RandAugmentPolicy read_policy(const std::string& text) {
  const std::vector<std::string_view> sections = sections_of(text);
  std::vector<std::string> wrong;
  if (sections.front() != "rand") wrong.push_back(fmt::format("it must begin with \"rand\", not with \"{}\"", sections.front()));
  RandAugmentPolicy policy;
  std::set<std::string_view> seen;
  for (size_t i = 1; i < sections.size(); ++i) {
    const std::string problem = take(sections[i], policy, seen);
    if (!problem.empty()) wrong.push_back(problem);
  }
  if (!wrong.empty()) throw Error(fmt::format("randaugment_policy = \"{}\": {}", text, fmt::join(wrong, "; ")));
  return policy;
}

}  // namespace lafs::imaging
