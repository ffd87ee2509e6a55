#include "kernel/recipe/grid.h"

#include <doctest/doctest.h>

#include "kernel/recipe/row.h"
#include "kernel/toys.h"

using namespace lafs;

namespace {

constexpr std::string_view row_text = R"(
[[stage]]
name = "first"
[[stage]]
name = "second"
[[stage.init]]
from = "stage:first"
)";

/// A grid beside a row of two stages.
class GridFile {
 public:
  explicit GridFile(const std::string& text) : folder_("grid"), file_(folder_.write("grid.toml", text)) {
    folder_.write("row.toml", row_text);
    folder_.write("other.toml", row_text);
  }

  Grid read(const RecipeContext& context = {}) const { return read_grid(file_, context); }
  std::vector<GridCell> cells(const RecipeContext& context = {}) const { return grid_cells(read(context)); }
  std::string error() const {
    return bare(test::error_of([&] { read(); }));
  }
  std::string bare(std::string text) const {
    const std::string prefix = folder_.text() + "/";
    for (size_t at = 0; (at = text.find(prefix, at)) != std::string::npos;) text.erase(at, prefix.size());
    return text;
  }

 private:
  test::Folder folder_;
  std::string file_;
};

const std::string two_axes = R"([grid]
title = "batches and lengths"
recipe = "row.toml"
seeds = [1, 2]

[[grid.axis]]
name = "batch"
key = "run.batch"
values = [4, 8]

[[grid.axis]]
name = "length"
key = "second.run.epochs"
values = [1, 2, 3]
)";

std::vector<std::string> names(const std::vector<GridCell>& cells) {
  std::vector<std::string> all;
  for (const GridCell& cell : cells) all.push_back(cell.name);
  return all;
}

}  // namespace

TEST_CASE("grid: every combination under the first seed, then under the next") {
  const GridFile file(two_axes);
  const Grid grid = file.read();
  CHECK(grid.title == "batches and lengths");
  CHECK(grid.size() == 12);
  const auto cells = grid_cells(grid);
  REQUIRE(cells.size() == 12);
  CHECK(cells[0].name == "batch=4,length=1,seed=1");
  CHECK(cells[1].name == "batch=4,length=2,seed=1");
  CHECK(cells[3].name == "batch=8,length=1,seed=1");
  CHECK(cells[6].name == "batch=4,length=1,seed=2");
  CHECK(cells[11].labels == std::vector<std::string>{"8", "3"});
  CHECK(cells[11].seed == 2);
}

TEST_CASE("grid: a cell is the recipe with the settings, and seeds go to all stages or to those that are named") {
  const auto row_of = [](const GridCell& cell) { return open_row(cell.recipe, cell.context, test::toys()); };
  const GridFile all(two_axes);
  const Row row = row_of(all.cells()[11]);
  CHECK(row.stages[0].recipe.run.batch == 8);
  CHECK(row.stages[1].recipe.run.batch == 8);
  CHECK(row.stages[0].recipe.run.epochs == 1);
  CHECK(row.stages[1].recipe.run.epochs == 3);
  CHECK(row.stages[0].recipe.run.seed == 2);
  CHECK(row.stages[1].recipe.run.seed == 2);

  std::string text = two_axes;
  text.insert(text.find("seeds"), "seed_stages = [\"second\"]\n");
  const Row named = row_of(GridFile(text).cells()[11]);
  CHECK(named.stages[0].recipe.run.seed == 1);
  CHECK(named.stages[1].recipe.run.seed == 2);
}

TEST_CASE("grid: the command line wins over the grid, and the grid's own settings are below those of an axis") {
  const GridFile file(two_axes + "[grid.set]\nrun.batch = 2\nrun.accumulate = 3\nsecond = { run = { accumulate = 5 } }\n");
  const auto cells = file.cells({{{"second.run.epochs", "9"}}, ""});
  const Row row = open_row(cells[0].recipe, cells[0].context, test::toys());
  CHECK(row.stages[0].recipe.run.batch == 4);
  CHECK(row.stages[0].recipe.run.accumulate == 3);
  CHECK(row.stages[1].recipe.run.accumulate == 5);
  CHECK(row.stages[1].recipe.run.epochs == 9);
}

TEST_CASE("grid: a choice sets several keys, or takes another recipe") {
  const GridFile file(R"([grid]
recipe = "row.toml"

[[grid.axis]]
name = "start"

[[grid.axis.choice]]
label = "small, fast"
set = { run.batch = 2, second.run.epochs = 7 }

[[grid.axis.choice]]
label = "other"
recipe = "other.toml"
)");
  const auto cells = file.cells();
  CHECK(names(cells) == std::vector<std::string>{"start=small__fast", "start=other"});
  CHECK(cells[0].recipe.filename() == "row.toml");
  CHECK(cells[1].recipe.filename() == "other.toml");
  const Row row = open_row(cells[0].recipe, cells[0].context, test::toys());
  CHECK(row.stages[0].recipe.run.batch == 2);
  CHECK(row.stages[1].recipe.run.epochs == 7);
  CHECK(cells[0].seed == 0);
}

TEST_CASE("grid: cells are left out, and names that a file cannot have are told apart") {
  const GridFile file(two_axes + "[[grid.exclude]]\nbatch = 8\nlength = 3\n\n[[grid.exclude]]\nlength = 1\n");
  CHECK(names(file.cells()) == std::vector<std::string>{"batch=4,length=2,seed=1", "batch=4,length=3,seed=1", "batch=8,length=2,seed=1",
                                                        "batch=4,length=2,seed=2", "batch=4,length=3,seed=2", "batch=8,length=2,seed=2"});
  const GridFile alike("[grid]\nrecipe = \"row.toml\"\n[[grid.axis]]\nname = \"x\"\nkey = \"run.best\"\nvalues = [\"a/b\", \"a b\"]\n");
  CHECK(names(alike.cells()) == std::vector<std::string>{"x=a_b", "x=a_b-2"});
}

TEST_CASE("grid: a mistake of a setting is reported where the grid has it") {
  const GridFile file("[grid]\nrecipe = \"row.toml\"\n[[grid.axis]]\nname = \"x\"\nkey = \"run.epoch\"\nvalues = [1,\n  2]\n");
  const GridCell cell = file.cells()[1];
  CHECK(file.bare(test::error_of([&] { open_row(cell.recipe, cell.context, test::toys()); })) ==
        "grid.toml:7:3: error: [run] has no key \"epoch\"; did you mean \"epochs\"?");
}

TEST_CASE("grid: its own mistakes, all at once") {
  const std::string begin = "[grid]\nrecipe = \"row.toml\"\n";
  CHECK(GridFile("title = \"x\"\n").error() == "grid.toml: error: is not a grid: it has no [grid]");
  CHECK(GridFile("grid = 3\n").error() == "grid.toml:1:8: error: grid is an integer, not a table");
  CHECK(GridFile("[grid]\nseeds = [1, 1]\n[run]\nbatch = 2\n").error() ==
        "grid.toml:1:1: error: [grid] needs \"recipe\" (the row or run recipe that is varied)\n"
        "grid.toml:2:9: error: a seed is given twice\n"
        "grid.toml:3:2: error: a grid has no table \"run\": keys of the recipes it runs go into [grid.set]");
  CHECK(GridFile(begin + "seed_stages = [\"secnd\"]\nseeds = [1]\n").error() ==
        "grid.toml:3:15: error: seed_stages: no stage \"secnd\"; did you mean \"second\"?");
  CHECK(GridFile(begin + "seed_stages = [\"second\"]\n").error() == "grid.toml:3:15: error: seed_stages has no effect without seeds");
  CHECK(GridFile(begin + "[[grid.axis]]\nname = \"x\"\n[[grid.axis]]\nname = \"x\"\nvalues = [1]\n").error() ==
        "grid.toml:3:1: error: axis \"x\": give values for a key, or a [[grid.axis.choice]] for each setting\n"
        "grid.toml:5:1: error: axis \"x\": another axis has this name\n"
        "grid.toml:5:1: error: axis \"x\": values need a key of the recipe that takes them");
  CHECK(GridFile(begin + "[[grid.axis]]\nname = \"x\"\nkey = \"run.batch\"\nvalues = []\n").error() ==
        "grid.toml:3:1: error: axis \"x\": there is nothing to choose from");
  CHECK(GridFile(begin + "[[grid.axis]]\nname = \"x\"\nkey = \"run.batch\"\nvalues = [1, 1]\n").error() ==
        "grid.toml:3:1: error: axis \"x\": \"1\" is given twice");
  CHECK(GridFile(begin + "[[grid.axis]]\nname = \"x\"\nkey = \"run.batch\"\n[[grid.axis.choice]]\nlabel = \"a\"\n").error() ==
        "grid.toml:3:1: error: axis \"x\": key has no effect beside choices, which say in \"set\" what they change");
  CHECK(GridFile(two_axes + "[[grid.exclude]]\nbach = 4\n[[grid.exclude]]\nbatch = 5\n[[grid.exclude]]\n").error() ==
        "grid.toml:16:1: error: [[grid.exclude]]: no axis \"bach\"; did you mean \"batch\"?\n"
        "grid.toml:18:9: error: axis \"batch\" has no \"5\"; one of \"4\", \"8\"\n"
        "grid.toml:19:1: error: [[grid.exclude]] names no axis, and would leave out every cell");
}

TEST_CASE("grid: other commands say what it is") {
  const GridFile file(two_axes);
  CHECK(file.bare(test::error_of([&] { open_row(file.read().file, {}, test::toys()); })) ==
        "grid.toml: error: is a grid of recipes; run it with lafs ablate");
}
