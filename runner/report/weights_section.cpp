#include "runner/report/weights_section.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/results/html_text.h"

namespace lafs {

namespace {

using Json = nlohmann::json;

/// The lists of an entry, and what they are called on the page.
constexpr struct {
  const char *key, *title;
  bool shown;  ///< whether the names are listed, too: of what was loaded, the number is enough
} lists[] = {{"loaded", "Loaded", false},          {"mapped", "Renamed by the map", false},
             {"left_random", "Left random", true}, {"dropped", "Dropped by the map", true},
             {"unused", "Not used", true},         {"not_selected", "Not selected", true}};

const Json& list_of(const Json& entry, const char* key) {
  static const Json none = Json::array();
  const auto found = entry.find(key);
  return found != entry.end() && found->is_array() ? *found : none;
}

std::string text_of(const Json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? html_text(found->get<std::string>()) : "";
}

/// A tensor: its name, or its name and a reason.
std::string tensor_text(const Json& tensor) {
  if (tensor.is_string()) return html_text(tensor.get<std::string>());
  if (!tensor.is_object()) return "";
  const std::string name = text_of(tensor, tensor.contains("name") ? "name" : "stored"), reason = text_of(tensor, "reason");
  return reason.empty() ? name : name + ": " + reason;
}

std::string row(const Json& entry) {
  const std::string into = text_of(entry, "into"), map = text_of(entry, "map");
  std::string out = fmt::format("<tr><td>{}</td><td>{}{}</td>", into.empty() ? "the whole model" : into, text_of(entry, "file"),
                                map.empty() ? "" : ", map " + map);
  for (const auto& list : lists) out += fmt::format("<td class=\"number\">{}</td>", list_of(entry, list.key).size());
  return out + "</tr>\n";
}

std::string details(const Json& entry) {
  std::string out;
  for (const auto& list : lists) {
    const Json& tensors = list_of(entry, list.key);
    if (!list.shown || tensors.empty()) continue;
    out += fmt::format("<details><summary>{}: {}, {}</summary><pre>", text_of(entry, "file"), list.title, tensors.size());
    for (const Json& tensor : tensors) out += tensor_text(tensor) + "\n";
    out += "</pre></details>\n";
  }
  return out;
}

}  // namespace

std::string weights_section(const Json& record) {
  std::string rows, lists_of_names;
  for (const Json& entry : list_of(record, "init")) {
    if (!entry.is_object()) continue;
    rows += row(entry);
    lists_of_names += details(entry);
  }
  if (rows.empty()) return "";
  std::string out = "<h2>Weights it began with</h2>\n<div class=\"scroll\"><table><tr><th>Into</th><th>From</th>";
  for (const auto& list : lists) out += fmt::format("<th class=\"number\">{}</th>", list.title);
  return out + "</tr>\n" + rows + "</table></div>\n" + lists_of_names;
}

}  // namespace lafs
