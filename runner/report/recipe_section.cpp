#include "runner/report/recipe_section.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe/document.h"
#include "kernel/results/html_text.h"

namespace lafs {

namespace {

/// A resolved recipe; an empty table for a text that is none.
Node parsed(const std::string& recipe) {
  try {
    return parse_toml(recipe, "recipe.toml", {});
  } catch (const RecipeError&) {
    return {};
  }
}

const Node* value_at(const Node& table, const std::string& key) {
  const Node* at = &table;
  for (size_t start = 0; at && start <= key.size();) {
    const size_t end = std::min(key.find('.', start), key.size());
    at = at->find(key.substr(start, end - start));
    start = end + 1;
  }
  return at;
}

std::string word_at(const Node& table, const std::string& key) {
  const Node* node = value_at(table, key);
  return node && node->string() ? *node->string() : "";
}

int64_t number_at(const Node& table, const std::string& key) {
  const Node* node = value_at(table, key);
  const auto* number = node ? std::get_if<int64_t>(&node->value) : nullptr;
  return number ? *number : 0;
}

/// "image_folder aligned112", "a subset of record_set webface".
std::string data_text(const Node& source) {
  std::string text = word_at(source, "use");
  for (const auto& [name, value] : *source.fields()) {
    if (value.fields() && value.find("use")) {
      text = fmt::format("{} of {}", text == "subset" ? "a subset" : text, data_text(value));
    } else if (const std::string* path = value.string(); path && path->starts_with('/') && name != "split") {
      text += " " + std::filesystem::path(*path).filename().string();
    } else if (value.list() && !value.list()->empty() && value.list()->front().find("use")) {
      std::vector<std::string> parts;
      for (const Node& item : *value.list()) parts.push_back(data_text(item));
      text = fmt::format("{}", fmt::join(parts, " and "));
    }
  }
  return text;
}

std::string length_text(const Node& recipe) {
  const int64_t epochs = number_at(recipe, "run.epochs"), total = number_at(recipe, "run.total_steps"),
                stop = number_at(recipe, "run.steps");
  std::string text = total > 0 ? fmt::format("{} steps", total) : fmt::format("{} epoch{}", epochs, epochs == 1 ? "" : "s");
  if (stop > 0) text = fmt::format("the first {} steps of {}", stop, text);
  return text;
}

std::string scored_text(const Node& recipe) {
  std::vector<std::string> parts;
  const Node* evaluators = recipe.find("evaluator");
  if (!evaluators || !evaluators->list()) return "";
  for (const Node& evaluator : *evaluators->list()) {
    const std::string name = word_at(evaluator, "name"), use = word_at(evaluator, "use");
    parts.push_back(name.empty() || name == use ? use : fmt::format("{} “{}”", use, name));
  }
  return fmt::format("; scored by {}", fmt::join(parts, ", "));
}

/// The dotted key of each line of a resolved recipe; empty for a line that is no setting. `headers` are the lines of tables.
struct RecipeLine {
  std::string text, key;
  size_t header = 0;  ///< line of its table
};

/// The name in a header with the number of its item behind each list that it lies in: "evaluator.data" becomes "evaluator.1.data".
std::string numbered(const std::string& name, const std::map<std::string, int64_t>& counts) {
  std::string out;
  for (size_t start = 0; start <= name.size();) {
    const size_t end = std::min(name.find('.', start), name.size());
    out += (start > 0 ? "." : "") + name.substr(start, end - start);
    if (const auto count = counts.find(name.substr(0, end)); count != counts.end()) out += fmt::format(".{}", count->second - 1);
    start = end + 1;
  }
  return out;
}

/// One more item of a list; lists inside it begin again at their first item.
void count_item(const std::string& name, std::map<std::string, int64_t>& counts) {
  std::erase_if(counts, [&](const auto& other) { return other.first.starts_with(name + "."); });
  ++counts[name];
}

std::vector<RecipeLine> lines_of(const std::string& recipe) {
  std::vector<RecipeLine> lines;
  std::map<std::string, int64_t> counts;  // of the tables of each list
  std::string table;
  size_t header = 0;
  std::istringstream in(recipe);
  for (std::string text; std::getline(in, text);) {
    RecipeLine line{text, "", header};
    if (text.starts_with('[')) {
      const size_t brackets = text.starts_with("[[") ? 2 : 1;
      const std::string name = text.substr(brackets, text.size() - 2 * brackets);
      if (brackets == 2) count_item(name, counts);
      table = numbered(name, counts);
      header = line.header = lines.size();
    } else if (const size_t sign = text.find(" = "); sign != std::string::npos) {
      line.key = (table.empty() ? "" : table + ".") + text.substr(0, sign);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

/// Whether somebody wrote the key, a part of it, or for `use` the name of the component alone.
bool is_written(const std::string& key, const std::set<std::string>& written) {
  const std::string use = ".use";
  if (written.contains(key) || (key.ends_with(use) && written.contains(key.substr(0, key.size() - use.size())))) return true;
  const auto inside = written.lower_bound(key + ".");
  return inside != written.end() && inside->starts_with(key + ".");
}

}  // namespace

std::string question_html(const std::string& recipe) {
  const Node tree = parsed(recipe);
  const Node* source = tree.find("data_source");
  const std::string objective = word_at(tree, "objective.use"), projector = word_at(tree, "projector.use"),
                    head = word_at(tree, "head.use");
  const std::string top = !projector.empty() ? "projector <b>" + html_text(projector) + "</b>" : "head <b>" + html_text(head) + "</b>";
  if (!source || !source->fields() || objective.empty()) return "";
  const int64_t images = number_at(tree, "run.images"), people = number_at(tree, "run.identities");
  std::string counts = images > 0 ? fmt::format("{} pictures", images) : "";
  if (people > 0) counts += fmt::format("{}{} people", counts.empty() ? "" : " of ", people);
  return fmt::format("<p class=\"question\"><b>{}</b> trained by <b>{}</b>{} on <b>{}</b>{} for {}{}.</p>\n",
                     html_text(word_at(tree, "backbone.use")), html_text(objective),
                     head.empty() && projector.empty() ? "" : " with " + top, html_text(data_text(*source)),
                     counts.empty() ? "" : " (" + counts + ")", length_text(tree), html_text(scored_text(tree)));
}

std::string recipe_value(const std::string& recipe, const std::string& key) { return word_at(parsed(recipe), key); }

std::string recipe_html(const std::string& recipe, const std::vector<std::string>& written) {
  std::vector<RecipeLine> lines = lines_of(recipe);
  const std::set<std::string> keys(written.begin(), written.end());
  std::vector<bool> stands_out(lines.size(), false);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].key.empty() || !is_written(lines[i].key, keys)) continue;
    stands_out[i] = true;
    stands_out[lines[i].header] = stands_out[lines[i].header] || lines[lines[i].header].key.empty();
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    const char* style = keys.empty() ? "" : !stands_out[i] ? " class=\"default\"" : lines[i].key.empty() ? "" : " class=\"written\"";
    out += fmt::format("<span{}>{}</span>", style, html_text(lines[i].text));
  }
  out = "<pre class=\"recipe\">" + out + "</pre>\n";
  if (keys.empty()) return out;
  return "<input type=\"checkbox\" class=\"only\" id=\"only-written\"> <label for=\"only-written\">only what the recipe's author "
         "wrote; defaults are in grey</label>\n" +
         out;
}

std::vector<std::string> written_keys_in(const nlohmann::json& manifest) {
  std::vector<std::string> keys;
  const auto sessions = manifest.find("sessions");
  if (sessions == manifest.end() || !sessions->is_array()) return keys;
  for (const nlohmann::json& session : *sessions) {
    if (!session.is_object() || !session.contains("written") || !session["written"].is_array()) continue;
    for (const nlohmann::json& key : session["written"])
      if (key.is_string()) keys.push_back(key.get<std::string>());
    if (!keys.empty()) break;
  }
  return keys;
}

}  // namespace lafs
