#include "runner/tools/scaffold/recipe_parts.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "scaffold_recipes.h"  // generated from recipes/*.toml

namespace lafs {

namespace {

constexpr size_t comment_column = 30;

std::string replaced(std::string text, const std::string& mark, const std::string& by) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
  return text;
}

std::string by_lines(const std::string& text, const auto& change) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) change(line, out);
  return out;
}

}  // namespace

std::string recipe_part(const std::string& name, const PartValues& values) {
  const auto* const found =
      std::find_if(std::begin(scaffold_recipes), std::end(scaffold_recipes), [&](const auto& item) { return item.first == name; });
  if (found == std::end(scaffold_recipes)) throw std::logic_error(fmt::format("no part \"{}\" of a recipe", name));
  std::string text(found->second);
  for (const auto& [mark, value] : values) text = replaced(text, "<" + mark + ">", value);
  return text;
}

std::string in_stage(const std::string& part) {
  return by_lines(part, [](const std::string& line, std::string& out) {
    const size_t name = line.find_first_not_of('[');
    out += name == 0 || name == std::string::npos ? line : line.substr(0, name) + "stage." + line.substr(name);
    out += '\n';
  });
}

std::string tidy(const std::string& recipe) {
  return by_lines(recipe, [](const std::string& line, std::string& out) {
    if (line.empty() && (out.empty() || out.ends_with("\n\n"))) return;
    const size_t comment = line.find("  # ");
    if (comment == std::string::npos || line.starts_with("#")) {
      out += line + "\n";
    } else {
      out += fmt::format("{:<{}}{}\n", line.substr(0, comment), std::max(comment_column, comment + 2), line.substr(comment + 2));
    }
  });
}

}  // namespace lafs
