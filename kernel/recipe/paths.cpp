#include "kernel/recipe/paths.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/unicode_forms.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Bytes outside ASCII as \xNN, for a terminal.
std::string plain_text(const std::string& text) {
  std::string plain;
  for (const char c : text)
    plain += static_cast<unsigned char>(c) < 128 ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return plain;
}

std::string absolute_text(const fs::path& path, const Position& position, Diagnostics& diagnostics) {
  std::string text = fs::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  if (const std::string fault = encoding_fault(text); !fault.empty()) {
    diagnostics.error(position, fault);
    return "";
  }
  return text;
}

}  // namespace

std::string encoding_fault(const std::string& path) {
  if (formats::is_utf8(path)) return "";
  return fmt::format("the path \"{}\" is not UTF-8, and a recipe can only hold UTF-8; rename that folder or file", plain_text(path));
}

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
  if (text[0] != '@') return absolute_text(node.folder / text, node.position, diagnostics);
  const size_t end = std::min(text.find('/'), text.size());
  const std::string root = text.substr(1, end - 1), rest = end < text.size() ? text.substr(end + 1) : "";
  if (const auto found = roots.find(root); found != roots.end()) {
    if (found->second.starts_with('@')) return rest.empty() ? found->second : found->second + "/" + rest;
    return absolute_text(fs::path(found->second) / rest, node.position, diagnostics);
  }
  if (root == "data") return text;
  std::vector<std::string> known{"data"};
  for (const auto& [name, value] : roots) {
    if (name != "data") known.push_back(name);
  }
  diagnostics.error(node.position, fmt::format("\"{}\" begins with a root that [paths] does not have{}", text, suggestion(root, known)));
  return text;
}

std::string file_fault(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return "";
  if (!fs::exists(path, ignored)) return "no such file";
  if (!fs::is_directory(path, ignored)) return "is not a file";
  std::set<std::string> recipes;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (entry.path().extension() == ".toml") recipes.insert(fmt::format("\"{}\"", entry.path().string()));
  }
  if (recipes.empty()) return "is a folder without a recipe";
  return fmt::format("is a folder; give one file: {}", fmt::join(recipes, ", "));
}

}  // namespace lafs
