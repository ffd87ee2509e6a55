#include "kernel/recipe/status.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/overlay.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// The word of a status and what stands behind it; both are empty where the text is no status.
std::pair<std::string, std::string> parts_of(std::string_view text) {
  const size_t colon = text.find(": ");
  if (colon == std::string_view::npos) return {};
  const std::string word(text.substr(0, colon));
  const size_t why = text.find_first_not_of(' ', colon + 1);
  const auto& words = status_words();
  if (why == std::string_view::npos || std::find(words.begin(), words.end(), word) == words.end()) return {};
  return {word, std::string(text.substr(why))};
}

/// What is in a table, or the numbers of a list's items.
std::vector<std::string> names_in(const Node& node) {
  std::vector<std::string> names;
  if (node.fields()) {
    for (const Field& field : *node.fields()) names.push_back(field.name);
  }
  for (size_t i = 0; node.list() && i < node.list()->size(); ++i) names.push_back(std::to_string(i));
  return names;
}

const Node* inside(const Node& node, const std::string& name) {
  if (!node.list()) return node.find(name);
  const auto index = index_of(name);
  return index && *index < node.list()->size() ? &(*node.list())[*index] : nullptr;
}

std::string value_text(const Node& setting) {
  const Node* use = setting.find("use");
  return inline_text(use ? *use : setting);
}

}  // namespace

const std::vector<std::string>& status_words() {
  static const std::vector<std::string> words{"known", "derived", "unknown"};
  return words;
}

std::string status_fault(std::string_view text) {
  if (!parts_of(text).first.empty()) return "";
  const auto& words = status_words();
  const std::string_view first = text.substr(0, text.find_first_of(": "));
  if (std::find(words.begin(), words.end(), first) != words.end()) return fmt::format("says no reason: write \"{}: why\"", first);
  return fmt::format("begins with none of \"{}\": write \"unknown: why\"", fmt::join(words, "\", \""));
}

const Node* find_setting(const Node& settings, const std::string& table, const Field& field, Diagnostics& diagnostics) {
  const std::string& key = field.name;
  const Node* at = &settings;
  for (size_t start = 0; start <= key.size();) {
    const size_t end = std::min(key.find('.', start), key.size());
    const Node* next = inside(*at, key.substr(start, end - start));
    if (!next) {
      std::vector<std::string> nearby = names_in(*at);
      for (std::string& name : nearby) name = key.substr(0, start) + name;
      diagnostics.error(field.value.key, fmt::format("{}: the recipe has no \"{}\"{}", table, key, suggestion(key.substr(0, end), nearby)));
      return nullptr;
    }
    at = next;
    start = end + 1;
  }
  return at;
}

std::vector<SettingStatus> read_statuses(const Node& table, const Node& settings, Diagnostics& diagnostics) {
  std::vector<SettingStatus> statuses;
  const bool settings_are_right = diagnostics.empty();
  for (const Field& field : *table.fields()) {
    const auto& [key, value] = field;
    if (!value.string()) {
      diagnostics.error(value.position, fmt::format("status of \"{}\" is {}, not a string", key, type_word(value)));
      continue;
    }
    if (const std::string fault = status_fault(*value.string()); !fault.empty())
      diagnostics.error(value.position, fmt::format("status of \"{}\" = {} {}", key, inline_text(value), fault));
    if (!settings_are_right) continue;
    auto [word, why] = parts_of(*value.string());
    const Node* setting = find_setting(settings, "status", field, diagnostics);
    if (setting) statuses.push_back({key, std::move(word), std::move(why), value_text(*setting)});
  }
  std::sort(statuses.begin(), statuses.end(), [](const SettingStatus& a, const SettingStatus& b) { return a.key < b.key; });
  return statuses;
}

Node status_table(const std::vector<SettingStatus>& statuses) {
  Node table;
  for (const SettingStatus& status : statuses) table.put(status.key, {fmt::format("{}: {}", status.word, status.why)});
  return table;
}

}  // namespace lafs
