#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/recipe/layers.h"
#include "kernel/recipe/row.h"
#include "support/bytes.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;

/// Grids have none: theirs are those of the recipes that they vary.
std::vector<fs::path> shipped_recipes(const fs::path& source) {
  std::vector<fs::path> files;
  for (const char* top : {"recipes", "tests/bench/recipes"}) {
    for (const auto& item : fs::recursive_directory_iterator(source / top)) {
      if (item.path().extension() == ".toml" && !is_grid(read_document(item.path()))) files.push_back(item.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Weights that are not in the repository are known by their path, which differs from machine to machine: they get one identity here.
void name_weights(Document& document) {
  Node* init = document.tree.find("init");
  if (!init || !init->list()) return;
  for (Node& item : *init->list()) {
    Node identity;
    identity.value = "weights";
    if (!item.find("from")->string()->starts_with(stage_prefix)) item.put("identity", std::move(identity));
  }
}

}  // namespace

// Runs of one identity continue each other, and their results are compared. A line changes only where a recipe or a plugin's revision does,
// never because the program reads recipes in another way.
TEST_CASE("identities: shipped recipes keep the identities that identities.txt records") {
  const fs::path source = LAFS_TEST_SOURCE;
  Registry registry;
  registry.load_folder(LAFS_TEST_PLUGINS);
  std::string found;
  for (const fs::path& file : shipped_recipes(source)) {
    RowDocument document = read_row_document(file, {});
    for (StageDocument& stage : document.stages) name_weights(stage.document);
    for (const Stage& stage : read_row(std::move(document), registry).stages) {
      found += fmt::format("{} {} {} {}\n", fs::relative(file, source).string(), stage.name.empty() ? "-" : stage.name,
                           stage.recipe.identity, stage.recipe.evaluation_identity);
    }
  }
  CHECK(found == test::read_bytes(source / "tests/run/identities.txt"));
}

}  // namespace lafs
