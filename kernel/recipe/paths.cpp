#include "kernel/recipe/paths.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::string absolute_text(const fs::path& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace

Roots read_roots(const Node& document, const std::string& data_root, Diagnostics& diagnostics) {
  Roots roots;
  if (!data_root.empty()) roots["data"] = fs::absolute(data_root).lexically_normal().string();
  const Node* paths = document.find("paths");
  if (!paths) return roots;
  if (!paths->fields()) {
    diagnostics.error(paths->position, fmt::format("paths is {}, not a table", type_word(*paths)));
    return roots;
  }
  // Roots may begin with other roots, wherever those are written: these come second.
  for (const bool on_others : {false, true}) {
    for (const auto& [name, value] : *paths->fields()) {
      if (value.string() && value.string()->starts_with('@') == on_others) roots[name] = resolve_path(value, roots, diagnostics);
      if (!value.string() && !on_others) diagnostics.error(value.position, fmt::format("{} is {}, not a path", name, type_word(value)));
    }
  }
  return roots;
}

std::string resolve_path(const Node& node, const Roots& roots, Diagnostics& diagnostics) {
  const std::string& text = *node.string();
  if (text.empty()) return text;
  if (text[0] != '@') return absolute_text(node.folder / text);
  const size_t end = std::min(text.find('/'), text.size());
  const std::string root = text.substr(1, end - 1), rest = end < text.size() ? text.substr(end + 1) : "";
  if (const auto found = roots.find(root); found != roots.end()) {
    if (found->second.starts_with('@')) return rest.empty() ? found->second : found->second + "/" + rest;
    return absolute_text(fs::path(found->second) / rest);
  }
  if (root == "data") return text;
  std::vector<std::string> known{"data"};
  for (const auto& [name, value] : roots) {
    if (name != "data") known.push_back(name);
  }
  diagnostics.error(node.position, fmt::format("\"{}\" begins with a root that [paths] does not have{}", text, suggestion(root, known)));
  return text;
}

}  // namespace lafs
