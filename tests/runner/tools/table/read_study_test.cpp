#include "runner/tools/table/read_study.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/results/results_json.h"
#include "kernel/run/grid_folder.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

/// A finished run: its recipe with a seed, and with weights of another run.
void write_run(const test::RunFolder& folder, const std::string& name, const std::string& recipe, int seed, const std::string& from = "") {
  std::string text = fmt::format("{}\n[run]\nseed = {}\n", recipe, seed);
  if (!from.empty()) text += fmt::format("\n[[init]]\nfrom = \"{}\"\nidentity = \"{}\"\n", (folder.path / from).string(), seed);
  NamedMetrics lfw{"lfw", {}, 0};
  lfw.metrics.values = {{"accuracy", "", 0.5, 0.1, 10, Unit::share}};
  std::filesystem::create_directories(folder.path / name);
  write_results(folder.path / name, {lfw}, 1, "last");
  folder.write(name + "/recipe.toml", text);
}

TEST_CASE("table: runs are one line where they and those that their weights come from differ in seeds only") {
  const test::RunFolder folder;
  for (const int seed : {1, 2}) {
    for (const char* method : {"dino", "lafs"}) {
      const std::string pretrain = fmt::format("{}{}", method, seed);
      write_run(folder, pretrain, fmt::format("use = \"{}\"", method), seed);
      write_run(folder, "from_" + pretrain, "use = \"cosface\"", seed, pretrain + "/checkpoints/last");
    }
  }
  const Study study =
      read_study({folder.path / "from_dino1", folder.path / "from_dino2", folder.path / "from_lafs1", folder.path / "from_lafs2"});
  REQUIRE(study.lines.size() == 2);
  CHECK(study.lines[0].seeds.size() == 2);
  CHECK(study.lines[1].seeds.size() == 2);
  CHECK(study.lines[1].seeds[1].seed == 2);
}

TEST_CASE("table: lines are called by as much of their folders as tells them apart, and of several seeds by the first") {
  const test::RunFolder folder;
  write_run(folder, "a/run", "use = \"cosface\"", 1);
  write_run(folder, "a/again", "use = \"cosface\"", 2);
  write_run(folder, "b/run", "use = \"arcface\"", 1);
  const Study study = read_study({folder.path / "a/run", folder.path / "b/run", folder.path / "a/again"});
  REQUIRE(study.lines.size() == 2);
  CHECK(study.lines[0].name() == "a/run and 1 more");
  CHECK(study.lines[1].name() == "b/run");
}

TEST_CASE("table: weights of a file are known by their place") {
  const test::RunFolder folder;
  write_run(folder, "a", "use = \"cosface\"", 1, "one.pth");
  write_run(folder, "b", "use = \"cosface\"", 2, "one.pth");
  write_run(folder, "c", "use = \"cosface\"", 1, "other.pth");
  const Study study = read_study({folder.path / "a", folder.path / "b", folder.path / "c"});
  REQUIRE(study.lines.size() == 2);
  CHECK(study.lines[0].seeds.size() == 2);
}

/// A grid of two cells of one run each: "a" and "b". The identity of the results of "b" is given.
void write_grid(const test::RunFolder& folder, const std::string& identity_of_b) {
  Grid grid;
  grid.title = "a study";
  grid.file = "study.toml";
  grid.axes = {{"letter", {}}};
  write_grid_record(folder.path, grid, {{"letter=a,seed=1", {"a"}, 1, "1a"}, {"letter=b,seed=1", {"b"}, 1, "1b"}});
  for (const auto& [letter, identity] : {std::pair<std::string, std::string>("a", "1a"), {"b", identity_of_b}}) {
    const std::string cell = "cells/letter=" + letter + ",seed=1";
    write_run(folder, cell + "/run", "use = \"cosface\"", 1);
    const auto results = nlohmann::json::parse(folder.read(cell + "/run/results.json"));
    nlohmann::json stage = results;
    stage["name"] = "run";
    stage["folder"] = (folder.path / cell / "run").string();
    folder.write(cell + "/results.json",
                 nlohmann::json{{"row", "row.toml"}, {"identity", identity}, {"title", ""}, {"stages", {stage}}, {"published", {}}}.dump());
  }
}

TEST_CASE("table: of a grid, cells that were measured with other settings are left out and named") {
  const test::RunFolder folder;
  write_grid(folder, "1b");
  Study study = read_study({folder.path});
  REQUIRE(study.lines.size() == 2);
  CHECK(study.lines[1].seeds.size() == 1);
  CHECK(study.lines[1].troubles.empty());
  write_grid(folder, "2b");
  study = read_study({folder.path});
  CHECK(study.lines[0].seeds.size() == 1);
  CHECK(study.lines[1].seeds.empty());
  CHECK(study.lines[1].troubles ==
        std::vector<std::string>{"left out, because they were measured with other settings than the grid was last run with: 1 of 2 cells: "
                                 "letter=b,seed=1"});
}

TEST_CASE("table: what runs said while they trained is a warning of their line") {
  const test::RunFolder folder;
  write_grid(folder, "1b");
  folder.write("cells/letter=b,seed=1/run/manifest.json", R"({"training_notes": ["step 4: all alike", "step 9: spread"]})");
  const Study study = read_study({folder.path});
  CHECK(study.lines[0].warnings.empty());
  CHECK(study.lines[1].warnings == std::vector<std::string>{"1 run: step 4: all alike; step 9: spread"});
  const StudyTable table = study_table(study, {});
  CHECK(study_table_text(table, "text").ends_with("\nwarning: \"b\", 1 run: step 4: all alike; step 9: spread\n"));
  CHECK(study_table_text(table, "markdown").ends_with("\nwarning: \"b\", 1 run: step 4: all alike; step 9: spread\n"));
  CHECK(study_table_text(table, "html")
            .ends_with("<li><b>warning</b>: &quot;b&quot;, 1 run: step 4: all alike; step 9: spread</li>\n</ul>\n"));
  const Study runs = read_study({folder.path / "cells/letter=a,seed=1/run", folder.path / "cells/letter=b,seed=1/run"});
  REQUIRE(runs.lines.size() == 1);
  CHECK(runs.lines[0].warnings.size() == 1);
}

}  // namespace
}  // namespace lafs
