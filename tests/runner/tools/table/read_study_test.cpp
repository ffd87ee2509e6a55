#include "runner/tools/table/read_study.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/results/results_json.h"
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

TEST_CASE("table: weights of a file are known by their place") {
  const test::RunFolder folder;
  write_run(folder, "a", "use = \"cosface\"", 1, "one.pth");
  write_run(folder, "b", "use = \"cosface\"", 2, "one.pth");
  write_run(folder, "c", "use = \"cosface\"", 1, "other.pth");
  const Study study = read_study({folder.path / "a", folder.path / "b", folder.path / "c"});
  REQUIRE(study.lines.size() == 2);
  CHECK(study.lines[0].seeds.size() == 2);
}

}  // namespace
}  // namespace lafs
