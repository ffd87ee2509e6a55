#include <doctest/doctest.h>

#include <fstream>

#include <fmt/format.h>

#include "lafs/rng.h"
#include "tiny_row.h"

namespace lafs::test {
namespace {

/// A grid of the row: two margins of the second stage, two seeds of it, and one first stage for all four.
const std::string grid_text = R"(
[grid]
title = "margins"
recipe = "tiny.toml"
seeds = [1, 2]
seed_stages = ["second"]

[[grid.axis]]
name = "margin"
key = "second.head.margin"
values = [0.1, 0.4]
)";

constexpr size_t all_steps = 12 + 4 * 6;  // of the first stage, and of the second of four cells

class TinyGrid : public Tiny {
 public:
  explicit TinyGrid(const std::string& grid = grid_text, const std::string& row = two_stages) : Tiny(row) {
    write_bytes(*this / "grid.toml", grid);
  }

  Arguments arguments(const Arguments& more = {}) const {
    return Arguments{"ablate", *this / "grid.toml", "--out", *this / "out", "--quiet"} + more;
  }
  Outcome ablate(const Arguments& more = {}) const { return lafs(arguments(more)); }
  fs::path cell(const std::string& name) const { return *this / "out" / "cells" / name; }
  std::vector<fs::path> stages() const {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(*this / "out" / "stages"))
      if (entry.is_directory()) folders.push_back(entry.path());
    return folders;
  }
  /// Steps that were trained, in all stages and sessions.
  size_t steps() const {
    size_t count = 0;
    for (const fs::path& stage : stages()) {
      for (const auto& line : log_of(stage)) count += line.contains("loss") ? 1 : 0;
    }
    return count;
  }
};

TEST_CASE("ablate: every cell is run once, and the stage that all have in common once for all") {
  const TinyGrid grid;
  const Outcome first = grid.ablate();
  REQUIRE_MESSAGE(first.status == 0, first.err);
  CHECK(first.out.starts_with("margins\n\nmargin"));
  CHECK(grid.stages().size() == 5);
  CHECK(grid.steps() == all_steps);
  CHECK(fs::read_symlink(grid.cell("margin=0.1,seed=1") / "first") == fs::read_symlink(grid.cell("margin=0.4,seed=2") / "first"));
  const auto json = nlohmann::json::parse(lafs({"table", grid / "out", "--json"}).out);
  REQUIRE(json.at("lines").size() == 2);
  CHECK(json.at("lines").at(0).at("seeds") == nlohmann::json{1, 2});
  const double mean = (metric(json_file(grid.cell("margin=0.1,seed=1") / "second" / "results.json"), "accuracy") +
                       metric(json_file(grid.cell("margin=0.1,seed=2") / "second" / "results.json"), "accuracy")) /
                      2;
  CHECK(json.at("lines").at(0).at("values").at(0).at("mean").get<double>() == doctest::Approx(mean));
  const Outcome again = grid.ablate();
  CHECK(again.out == first.out);
  CHECK(grid.steps() == all_steps);
}

/// Grey noise in folders of people, in place of the drawn faces that the recipe measures on.
struct TestFolders {
  explicit TestFolders(const fs::path& root) : root(root) {
    for (const char* name : {"one", "two"}) {
      for (int i = 0; i < 24; ++i) write(name, i, i + (name[0] == 'o' ? 0 : 100));
    }
  }
  void write(const std::string& name, int picture, int number) const {
    const fs::path file = root / name / fmt::format("p{}", picture / 4) / fmt::format("{}.pgm", picture);
    fs::create_directories(file.parent_path());
    std::string bytes = "P5\n32 32\n255\n";
    Rng rng(static_cast<uint64_t>(number));
    for (int i = 0; i < 32 * 32; ++i) bytes += static_cast<char>(rng.integer(0, 256));
    write_bytes(file, bytes);
  }
  Arguments measured_on(const std::string& name) const {
    return {"--set", fmt::format("evaluator.0.data={{ use = \"image_folder\", root = \"{}\" }}", (root / name).string())};
  }
  fs::path root;
};

TEST_CASE("ablate: what is finished is measured again on other test data, and not trained again") {
  std::string with_auc = grid_text;  // two accuracies are soon equal
  with_auc.replace(with_auc.find("seeds ="), 0, "metrics = [\"auc\"]\n");
  const TinyGrid grid(with_auc);
  const TestFolders folders(grid / "test");
  const Outcome one = grid.ablate(folders.measured_on("one"));
  REQUIRE_MESSAGE(one.status == 0, one.err);
  const Outcome two = grid.ablate(folders.measured_on("two"));
  CHECK(two.out != one.out);
  CHECK(grid.ablate(folders.measured_on("two")).out == two.out);
  CHECK(grid.ablate(folders.measured_on("one")).out == one.out);
  folders.write("one", 3, 77);  // as many bytes under the same name
  const Arguments dry{"--dry-run", "--probe-seconds", "0"};
  const Outcome left = grid.ablate(folders.measured_on("one") + dry);
  CHECK(left.out.starts_with("4 cells, 0 of them finished\n"));
  CHECK_MESSAGE(left.out.ends_with("\n5 finished stages are measured again, because the pictures to measure on have changed\n"), left.out);
  CHECK(grid.ablate(folders.measured_on("one")).out != one.out);
  folders.write("one", 3, 3);
  CHECK(grid.ablate(folders.measured_on("one")).out == one.out);
  fs::rename(folders.root / "one", folders.root / "gone");
  const Outcome gone = grid.ablate(folders.measured_on("one"));
  CHECK(gone.out == one.out);
  CHECK_MESSAGE(gone.err.starts_with("results are kept, although what they were measured on cannot be looked at: "), gone.err);
  CHECK(gone.err.ends_with("the folder " + in_quotes(folders.root / "one") + " does not exist\n"));
  for (const fs::path& stage : grid.stages()) fs::remove_all(stage / "checkpoints");
  const Outcome deleted = grid.ablate(folders.measured_on("two"));
  CHECK(deleted.status == 1);
  CHECK_MESSAGE(
      deleted.err.find("\" was measured on other data than there is now, and its weights were deleted: restore that data, or give "
                       "another --out to train it again; going on with the others\n") != std::string::npos,
      deleted.err);
  CHECK(grid.steps() == all_steps);
}

TEST_CASE("ablate: a grid that grows keeps its finished cells") {
  const TinyGrid grid;
  REQUIRE(grid.ablate().status == 0);
  std::string larger = grid_text;
  larger.replace(larger.find("[0.1, 0.4]"), 10, "[0.1, 0.4, 0.7]");
  write_bytes(grid / "grid.toml", larger);
  const Outcome grown = grid.ablate();
  REQUIRE_MESSAGE(grown.status == 0, grown.err);
  CHECK(grid.stages().size() == 7);
  CHECK(grid.steps() == all_steps + 12);
}

TEST_CASE("ablate: a cell that fails is named, the others go on, and it is tried again") {
  std::string text = grid_text;
  text.replace(text.find("[0.1, 0.4]"), 10,
               "[0.1, 0.4]\n\n[[grid.axis]]\nname = \"rate\"\nkey = \"second.optimizer.lr\"\nvalues = [1e-3, 1e30]\n");
  const TinyGrid grid(text);
  const Outcome outcome = grid.ablate();
  CHECK(outcome.status == 1);
  CHECK(outcome.err.find("cell margin=0.1,rate=1e+30,seed=1 failed: stage \"second\": ") != std::string::npos);
  CHECK(outcome.out.find("margin=0.4,rate=1e+30,seed=2 failed: stage \"second\": ") != std::string::npos);
  const auto json = nlohmann::json::parse(lafs({"table", grid / "out", "--json"}).out);
  CHECK(json.at("lines").at(0).at("seeds").size() == 2);
  CHECK(json.at("lines").at(1).at("seeds").empty());
  CHECK(grid.ablate({"--set", "run.not_finite=skip"}).status == 1);
}

TEST_CASE("ablate: what is wrong with a cell is reported before any is run") {
  std::string text = grid_text;
  text.replace(text.find("[0.1, 0.4]"), 10, "[0.1, 40.0]");
  const TinyGrid grid(text);
  const Outcome outcome = grid.ablate();
  CHECK(outcome.status == 2);
  CHECK(outcome.err ==
        (grid / "grid.toml").string() +
            ":11:16: error: margin = 40.0 is outside [0, 2] (subtracted from the target cosine) (cell margin=40.0,seed=1)\n");
  CHECK(!fs::exists(grid / "out"));
}

TEST_CASE("ablate: data that is missing for every cell is said once, and nothing is run") {
  const TinyGrid grid;
  const TestFolders folders(grid / "test");
  const Outcome outcome = grid.ablate(folders.measured_on("twe"));
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: there is nothing at " + in_quotes(grid / "test/twe") + ", so that no cell can be run\n");
  CHECK(!fs::exists(grid / "out" / "grid.json"));
}

TEST_CASE("ablate: two cells of the same training are refused") {
  std::string text = grid_text;
  text.replace(text.find("[0.1, 0.4]"), 10, "[0.1, 1e-1]");
  text.replace(text.find("second.head.margin"), 18, "second.run.log_every");
  text.replace(text.find("[0.1, 1e-1]"), 11, "[1, 2]");
  const TinyGrid grid(text);
  const Outcome outcome = grid.ablate();
  CHECK(outcome.status == 1);
  CHECK(outcome.err ==
        "lafs: error: cells \"margin=1,seed=1\" and \"margin=2,seed=1\" are the same training, and would be counted as two: what differs "
        "between them has no effect on any stage; leave one out with [[grid.exclude]]\n");
}

TEST_CASE("ablate: a run that is killed is continued, and nothing that was finished runs again") {
  const Arguments longer{"--set", "first.run.epochs=60", "--set", "first.run.evaluate_every=0", "--set", "first.run.checkpoint_every=10"};
  const TinyGrid straight, grid;
  REQUIRE(straight.ablate(longer).status == 0);
  Program program(command(grid.arguments(longer)));
  while (!fs::exists(grid / "out" / "stages") || grid.stages().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  wait_for_lines(program, grid.stages().front() / "metrics.jsonl", 25);
  program.signal(SIGKILL);
  program.wait();
  const Outcome rest = grid.ablate(longer);
  REQUIRE_MESSAGE(rest.status == 0, rest.err);
  CHECK(rest.out == straight.ablate(longer).out);
  for (const fs::path& stage : straight.stages()) CHECK(trained(stage) == trained(grid / "out" / "stages" / stage.filename()));
}

TEST_CASE("ablate: two processes on one ledger run nothing twice, also when one is killed") {
  const Arguments longer{"--set", "run.epochs=30", "--set", "run.evaluate_every=0", "--set", "run.checkpoint_every=10"};
  const TinyGrid grid;
  Program one(command(grid.arguments(longer)));
  Program other(command(grid.arguments(longer)));
  while (!fs::exists(grid / "out" / "stages") || grid.stages().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  wait_for_lines(one, grid.stages().front() / "metrics.jsonl", 25);
  one.signal(SIGKILL);
  one.wait();
  const Outcome rest = other.wait();
  REQUIRE_MESSAGE(rest.status == 0, rest.err);
  CHECK(grid.stages().size() == 5);
  CHECK(rest.out == grid.ablate(longer).out);
}

TEST_CASE("ablate: jobs and shards share the work") {
  const TinyGrid jobs, shards;
  const Outcome together = jobs.ablate({"--jobs", "2"});
  REQUIRE_MESSAGE(together.status == 0, together.err);
  CHECK(jobs.stages().size() == 5);
  CHECK(jobs.steps() == all_steps);
  REQUIRE(shards.ablate({"--shard", "1/2"}).status == 0);
  CHECK(shards.stages().size() == 3);
  const Outcome half = lafs({"table", shards / "out"});
  CHECK(half.out.find("not run yet: 2 of 4 cells: margin=0.4,seed=1; margin=0.4,seed=2") != std::string::npos);
  const Outcome both = shards.ablate({"--shard", "2/2"});
  CHECK(both.out == together.out);
}

TEST_CASE("ablate: a dry run says what is left to do") {
  const TinyGrid grid;
  CHECK(grid.ablate({"--dry-run", "--probe-seconds", "0"}).out ==
        "4 cells, 0 of them finished\n\n"
        "stage                different  finished   begun  to run    time of each\n"
        "first                        1         0       0       1               -\n"
        "second                       4         0       0       4               -\n");
  CHECK(!fs::exists(grid / "out"));
  REQUIRE(grid.ablate({"--shard", "1/4"}).status == 0);
  const Outcome timed = grid.ablate({"--dry-run"});
  CHECK(timed.out.starts_with("4 cells, 1 of them finished\n\n"));
  CHECK(timed.out.find("in one job, without evaluations\n") != std::string::npos);
}

TEST_CASE("ablate: a folder that another process has just begun is that of the grid") {
  const TinyGrid grid;
  fs::create_directories(grid / "out" / "stages");
  write_bytes(grid / "out" / ".grid.json.17-0.part", "{");
  const Outcome outcome = grid.ablate({"--shard", "1/4"});
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
}

TEST_CASE("ablate: what a command line cannot mean") {
  const TinyGrid grid;
  CHECK(grid.ablate({"--shard", "3/2"}).err == "lafs: error: \"3/2\" is no part of a grid: write 2/8 for the second of eight\n");
  CHECK(grid.ablate({"--shard", "half"}).err == "lafs: error: \"half\" is no part of a grid: write 2/8 for the second of eight\n");
  fs::create_directories(grid / "out");
  write_bytes(grid / "out" / "letter.txt", "dear");
  CHECK(grid.ablate().err ==
        "lafs: error: \"" + (grid / "out").string() + "\" is not empty, and no folder of a grid; give a new folder as --out\n");
  CHECK(lafs({"run", grid / "grid.toml"}).err ==
        (grid / "grid.toml").string() + ": error: is a grid of recipes; run it with lafs ablate\n");
  CHECK(lafs({"ablate", grid.recipe()}).err == grid.recipe().string() + ": error: is not a grid: it has no [grid]\n");
  std::string many = grid_text;
  many.replace(many.find("[1, 2]"), 6, "[1, 2, 3, 4]");
  std::string axis = "\n[[grid.axis]]\nname = \"rate\"\nkey = \"second.optimizer.lr\"\nvalues = [";
  for (int i = 1; i <= 200; ++i) axis += std::to_string(i) + "e-6, ";
  write_bytes(grid / "grid.toml", many + axis + "]\n");
  fs::remove_all(grid / "out");
  CHECK(grid.ablate().err == "lafs: error: " + (grid / "grid.toml").string() + " has 1600 cells; give --yes if that is meant\n");
}

}  // namespace
}  // namespace lafs::test
