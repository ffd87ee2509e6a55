#include "runner/tools/weights/account.h"

#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/model/load.h"

namespace lafs {

namespace {

std::string list_text(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = fmt::format("\n{} ({}):\n", title, names.size());
  for (const std::string& name : names) text += fmt::format("  {}\n", name);
  return text;
}

}  // namespace

std::string account_report(const LoadAccount& account) {
  return fmt::format("matched {} of {}, {} of them renamed\n", account.matched.size(), account.wanted(), account.renamed) +
         list_text("missing in the file", account.missing) +
         list_text(fmt::format("of another shape, first {}", account.first_wrong), account.wrong_shape) +
         list_text("in the file and not used", account.unexpected) + list_text("dropped by the map", account.dropped);
}

nlohmann::json account_json(const LoadAccount& account) {
  return {{"matched", account.matched},         {"renamed", account.renamed},       {"missing", account.missing},
          {"wrong_shape", account.wrong_shape}, {"unexpected", account.unexpected}, {"dropped", account.dropped}};
}

}  // namespace lafs
