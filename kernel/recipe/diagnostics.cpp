#include "kernel/recipe/diagnostics.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lafs {

std::string Position::text() const { return line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file; }

RecipeError::RecipeError(std::vector<std::string> lines) : Error(fmt::format("{}", fmt::join(lines, "\n"))), lines_(std::move(lines)) {}

void Diagnostics::error(const Position& position, std::string message) { items_.push_back({position, std::move(message)}); }

void Diagnostics::throw_if_any() const {
  if (items_.empty()) return;
  std::vector<Item> sorted = items_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Item& a, const Item& b) { return a.position < b.position; });
  std::vector<std::string> lines;
  for (const Item& item : sorted) lines.push_back(fmt::format("{}: error: {}", item.position.text(), item.message));
  throw RecipeError(std::move(lines));
}

}  // namespace lafs
