#include "runner/tools/weights/account.h"

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/model/import.h"
#include "kernel/results/json_text.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

std::string list_text(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = fmt::format("\n{} ({}):\n", title, names.size());
  for (const std::string& name : names) text += fmt::format("  {}\n", name);
  return text;
}

std::vector<std::string> lines_of(const std::vector<NotLoaded>& tensors) {
  std::vector<std::string> lines;
  for (const NotLoaded& one : tensors) lines.push_back(fmt::format("{}: {}", one.name, one.reason));
  return lines;
}

std::vector<std::string> names_of(const std::vector<NotLoaded>& tensors) {
  std::vector<std::string> names;
  for (const NotLoaded& one : tensors) names.push_back(one.name);
  return names;
}

/// What neither the prefix nor the map looks at may be much: other networks, an optimizer's state. A line for each first part of a name.
std::string beginnings_text(const std::vector<std::string>& names) {
  std::map<std::string, int64_t> counts;
  for (const std::string& name : names) ++counts[name.substr(0, name.find('.') + 1)];
  std::string text;
  for (const auto& [beginning, count] : counts) text += fmt::format("  {}{}: {}\n", beginning, beginning.empty() ? "others" : "*", count);
  return names.empty() ? "" : fmt::format("\nin the file and not looked at ({}):\n{}", names.size(), text);
}

std::string account_report(const LoadAccount& account) {
  return fmt::format("matched {} of {}, {} of them renamed\n", account.matched.size(), account.wanted(), account.renamed) +
         list_text("missing in the file", account.missing) + list_text("of another shape", lines_of(account.wrong_shape)) +
         list_text("in the file and not usable", lines_of(account.not_usable)) + list_text("in the file and not used", account.unexpected) +
         list_text("dropped by the map", account.dropped) + list_text("with values that are not finite", account.not_finite) +
         beginnings_text(account.unselected);
}

nlohmann::json account_json(const LoadAccount& account) {
  return {{"matched", account.matched},
          {"renamed", account.renamed},
          {"missing", account.missing},
          {"wrong_shape", names_of(account.wrong_shape)},
          {"not_usable", names_of(account.not_usable)},
          {"unexpected", account.unexpected},
          {"dropped", account.dropped},
          {"not_finite", account.not_finite},
          {"not_looked_at", account.unselected}};
}

}  // namespace

void print_account(const ImportedWeights& weights, bool as_json) {
  fmt::print("{}", as_json ? json_text(account_json(weights.account)) + "\n" : account_report(weights.account));
  if (!weights.note.empty()) say("{}\n", weights.note);
}

}  // namespace lafs
