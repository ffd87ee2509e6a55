/// What every command does alike: folders, links, stages, missing tables.
#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

const std::string two_stages = std::string(tiny_text) + R"(
[[stage]]
name = "first"
run.steps = 1
[[stage]]
name = "second"
run.steps = 1
[[stage.init]]
into = "backbone"
from = "stage:first"
select = "backbone."
)";

TEST_CASE("one way: a folder in place of a recipe names the recipes in it") {
  const Tiny tiny;
  const std::string folder = tiny.recipe().parent_path().string();
  write_bytes(tiny / "other.toml", tiny_text);
  for (const char* command : {"run", "plan", "check", "bench"}) {
    if (std::string(command) == "check") continue;  // checks every recipe of a folder
    const Outcome outcome = lafs({command, folder});
    CHECK(outcome.status == 2);
    CHECK(outcome.err ==
          folder + ": error: is a folder; give one file: " + in_quotes(tiny / "other.toml") + ", " + in_quotes(tiny / "tiny.toml") + "\n");
  }
  fs::create_directory(tiny / "empty");
  CHECK(lafs({"run", tiny / "empty"}).err == (tiny / "empty").string() + ": error: is a folder without a recipe\n");
}

TEST_CASE("one way: all tables that are missing are named at once") {
  const Tiny tiny("[data_source]\nuse = \"synthetic_faces\"\nidentities = 8\nper_identity = 12\nsize = 32\n[backbone]\nuse = \"fvit\"\n");
  const Outcome outcome = tiny.run("out");
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: the recipe has no [augmentation], no [objective], no [optimizer]\n");
}

TEST_CASE("one way: plan and show views find the finished stages of a run with a folder of its own") {
  const Tiny tiny(two_stages);
  REQUIRE(tiny.run("own").status == 0);
  const Outcome plan = lafs({"plan", tiny.recipe(), "--stage", "second", "--probe", "1", "--inputs", tiny / "own"});
  CHECK(plan.status == 0);
  CHECK_MESSAGE(plan.err.find("does not exist yet") == std::string::npos, plan.err);
  CHECK(lafs({"plan", tiny.recipe(), "--stage", "second", "--probe", "1"}).err.find("does not exist yet") != std::string::npos);
  const Outcome show =
      lafs({"show", "views", tiny.recipe(), "--stage", "second", "--inputs", tiny / "own", "--out", tiny / "new/folder/views.png"});
  CHECK_MESSAGE(show.status == 0, show.err);
  CHECK(fs::exists(tiny / "new/folder/views.png"));
}

TEST_CASE("one way: of a row's folder the stages are named, and one is picked with --stage") {
  const Tiny tiny(two_stages);
  REQUIRE(tiny.run("row").status == 0);
  const std::string first = in_quotes(tiny / "row/first"), second = in_quotes(tiny / "row/second");
  CHECK(lafs({"export", tiny / "row", "--map", "insightface", "--out", tiny / "w.safetensors"}).err.find(first + ", " + second) !=
        std::string::npos);
  REQUIRE(lafs({"data", "pack", "--source", "{ use = \"synthetic_faces\", identities = 1, per_identity = 1, size = 32 }", "--out",
                tiny / "faces"})
              .status == 0);
  write_bytes(tiny / "face.ppm", "P6\n32 32\n255\n" + std::string(32 * 32 * 3, 'x'));
  const Arguments attention{"show", "attention", tiny / "row", tiny / "face.ppm", "--out", tiny / "a.png"};
  CHECK(lafs(attention).err ==
        "lafs: error: " + in_quotes(tiny / "row") + " holds the runs of a row; pick one with --stage: first, second\n");
  const Outcome picked = lafs(attention + Arguments{"--stage", "second"});
  CHECK_MESSAGE(picked.status == 0, picked.err);
}

TEST_CASE("one way: a finished run that is given again keeps what it was trained with") {
  const Tiny tiny;
  REQUIRE(tiny.run("out").status == 0);
  const auto kept = [&] { return read_bytes(tiny / "out/recipe.toml") + json_file(tiny / "out/manifest.json").at("command").dump(); };
  const std::string before = kept(), weights = trained(tiny / "out");
  REQUIRE(tiny.run("out", {"--set", "run.loader_threads=2", "--set", "evaluator.0.genuine=10"}).status == 0);
  CHECK(kept() == before);
  CHECK(json_file(tiny / "out/manifest.json").at("sessions").size() == 2);
  CHECK(trained(tiny / "out") == weights);
}

TEST_CASE("one way: links to folders are the folders") {
  const Tiny tiny;
  REQUIRE(tiny.run("out").status == 0);
  fs::create_directory_symlink(tiny / "out", tiny / "link");
  for (const Arguments& arguments :
       {Arguments{"eval", tiny / "link"}, Arguments{"inspect", tiny / "link"}, Arguments{"run", tiny.recipe(), "--out", tiny / "link"}})
    CHECK_MESSAGE(lafs(arguments).status == 0, arguments[0]);
  REQUIRE(fs::create_directory(tiny / "people"));
  for (const char* name : {"anna", "bert"}) {
    fs::create_directory(tiny / "people" / name);
    write_bytes(tiny / "people" / name / "1.ppm", "P6\n32 32\n255\n" + std::string(32 * 32 * 3, name[0]));
  }
  fs::create_directory_symlink(tiny / "people", tiny / "faces");
  const Outcome info = lafs({"data", "info", tiny / "faces"});
  CHECK_MESSAGE(info.out.find("pictures      2\n") != std::string::npos, (info.out + info.err));
  CHECK(lafs({"embed", tiny / "link", tiny / "faces", "--out", tiny / "more/features.npy"}).status == 0);
}

}  // namespace
}  // namespace lafs::test
