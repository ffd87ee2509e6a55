#include "kernel/recipe/grid.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/row_document.h"

namespace lafs {

namespace {

bool fits_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
}

/// Counts through all combinations, the last axis fastest.
class Odometer {
 public:
  explicit Odometer(const std::vector<GridAxis>& axes) : axes_(axes), at_(axes.size(), 0) {}

  const GridChoice& choice(size_t axis) const { return axes_[axis].choices[at_[axis]]; }

  /// False after the last combination.
  bool next() {
    for (size_t axis = axes_.size(); axis-- > 0;) {
      if (++at_[axis] < axes_[axis].choices.size()) return true;
      at_[axis] = 0;
    }
    return false;
  }

 private:
  const std::vector<GridAxis>& axes_;
  std::vector<size_t> at_;
};

class CellMaker {
 public:
  explicit CellMaker(const Grid& grid) : grid_(grid) {}

  GridCell make(const Odometer& at, const int64_t* seed) {
    GridCell cell{"", {}, seed ? *seed : 0, grid_.recipe, grid_.context};
    std::vector<std::string> parts;
    for (size_t axis = 0; axis < grid_.axes.size(); ++axis) {
      const GridChoice& choice = at.choice(axis);
      cell.labels.push_back(choice.label);
      if (!choice.recipe.empty()) cell.recipe = choice.recipe;
      parts.push_back(fmt::format("{}={}", as_name(grid_.axes[axis].name), as_name(choice.label)));
    }
    if (seed) parts.push_back(fmt::format("seed={}", *seed));
    cell.name = unique(fmt::format("{}", fmt::join(parts, ",")));
    put(cell, at, seed);
    return cell;
  }

 private:
  static std::string as_name(std::string text) {
    std::replace_if(text.begin(), text.end(), [](char c) { return !fits_file_name(c); }, '_');
    return text;
  }

  /// Different labels may be the same letters of a file name; a name of 255 bytes is the limit of most file systems.
  std::string unique(std::string name) {
    constexpr size_t longest = 120;
    if (name.empty()) name = "cell";
    if (name.size() > longest) name.resize(longest);
    std::string made = name;
    for (int64_t number = 2; !taken_.insert(made).second; ++number) made = fmt::format("{}-{}", name, number);
    return made;
  }

  /// The settings of the grid, of the cell and its seed below those of the command line, which win.
  void put(GridCell& cell, const Odometer& at, const int64_t* seed) {
    RecipeContext& context = cell.context;
    const auto given = std::move(context.overrides);
    context.overrides.clear();
    const auto add = [&](const std::vector<Field>& set) {
      for (const Field& field : set) {
        context.overrides.emplace_back(field.name, inline_text(field.value));
        context.places[field.name] = field.value.position;
      }
    };
    add(grid_.set);
    for (size_t axis = 0; axis < grid_.axes.size(); ++axis) add(at.choice(axis).set);
    if (seed) {
      for (const std::string& key : seed_keys(cell.recipe)) context.overrides.emplace_back(key, std::to_string(*seed));
    }
    context.overrides.insert(context.overrides.end(), given.begin(), given.end());
    for (const auto& [key, value] : given) context.places.erase(key);
  }

  std::vector<std::string> seed_keys(const std::filesystem::path& recipe) {
    if (grid_.seed_stages.empty()) return {"run.seed"};
    std::vector<std::string> keys;
    for (const StageDocument& stage : document_of(recipe).stages) {
      if (contains(grid_.seed_stages, stage.name)) keys.push_back(stage.name + ".run.seed");
    }
    return keys;
  }

  const RowDocument& document_of(const std::filesystem::path& recipe) {
    const auto known = documents_.find(recipe);
    return known != documents_.end() ? known->second : documents_.emplace(recipe, read_row_document(recipe, {})).first->second;
  }

  const Grid& grid_;
  std::set<std::string> taken_;
  std::map<std::filesystem::path, RowDocument> documents_;
};

bool is_excluded(const Grid& grid, const Odometer& at) {
  return std::any_of(grid.excluded.begin(), grid.excluded.end(), [&](const std::map<std::string, std::string>& wanted) {
    for (size_t axis = 0; axis < grid.axes.size(); ++axis) {
      const auto label = wanted.find(grid.axes[axis].name);
      if (label != wanted.end() && label->second != at.choice(axis).label) return false;
    }
    return true;
  });
}

}  // namespace

void CellMistakes::add(const GridCell& cell, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (known_.insert(line).second) lines_.push_back(fmt::format("{} (cell {})", line, cell.name));
  }
}

void CellMistakes::throw_if_any() const {
  if (!lines_.empty()) throw RecipeError(lines_);
}

double Grid::size() const {
  double count = seeds.empty() ? 1 : static_cast<double>(seeds.size());
  for (const GridAxis& axis : axes) count *= static_cast<double>(axis.choices.size());
  return count;
}

std::vector<GridCell> grid_cells(const Grid& grid) {
  std::vector<GridCell> cells;
  CellMaker maker(grid);
  const size_t seeds = std::max<size_t>(1, grid.seeds.size());
  for (size_t seed = 0; seed < seeds; ++seed) {
    Odometer at(grid.axes);
    do {
      if (!is_excluded(grid, at)) cells.push_back(maker.make(at, grid.seeds.empty() ? nullptr : &grid.seeds[seed]));
    } while (at.next());
  }
  if (cells.empty()) throw RecipeError({fmt::format("{}: error: [[grid.exclude]] leaves no cell", grid.file.string())});
  return cells;
}

}  // namespace lafs
