#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/error.h"

namespace lafs {

/// Where something was written. An override has the file "--set KEY" and no line.
struct Position {
  std::string file;
  int64_t line = 0, column = 0;

  std::string text() const;  ///< "file:line:col", "file" without a line
  auto operator<=>(const Position&) const = default;
};

/// All mistakes of a recipe, in one error.
class [[gnu::visibility("default")]] RecipeError : public Error {
 public:
  explicit RecipeError(std::vector<std::string> lines);  ///< each "file:line:col: error: text"
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

/// Collects mistakes; throws them in the order of files and lines.
class Diagnostics {
 public:
  void error(const Position& position, std::string message);
  bool empty() const { return items_.empty(); }
  void throw_if_any() const;

 private:
  struct Item {
    Position position;
    std::string message;
  };
  std::vector<Item> items_;
};

}  // namespace lafs
