#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "imaging/encode.h"
#include "tiny.h"

namespace lafs::test {
namespace {

/// A picture that no other person or number has.
void write_drawn_picture(const fs::path& file, int person, int number) {
  std::vector<uint8_t> bytes(size_t{24} * 24 * 3);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * static_cast<size_t>(person + 3) / 7 + static_cast<size_t>(number) * 11);
  const std::vector<uint8_t> png = imaging::encode_png(imaging::image_of(24, 24, std::move(bytes)));
  fs::create_directories(file.parent_path());
  write_bytes(file, std::string(png.begin(), png.end()));
}

/// A folder with pictures of so many people, `each` of each.
void draw_people(const fs::path& folder, int people, int each) {
  for (int p = 0; p < people; ++p) {
    for (int i = 0; i < each; ++i) write_drawn_picture(folder / ("p" + std::to_string(p)) / (std::to_string(i) + ".png"), p, i);
  }
}

/// Checks and plans a recipe: neither an error nor a warning.
void check_recipe(const fs::path& file) {
  CAPTURE(read_bytes(file));
  const Outcome check = lafs({"check", file});
  CHECK_MESSAGE(check.status == 0, check.err);
  CHECK(check.err == "");
  CHECK(read_bytes(file).find('<') == read_bytes(file).find("<="));  // no mark of a part is left
}

const std::string few_people =
    "note: 2 of the 6 people with two pictures or more are verified, too few to trust a difference of some points. A fifth of the people "
    "is "
    "put aside, so 100 people would give 20.\n";
const std::vector<std::string> two_view_methods{"simclr", "byol", "moco_v3", "barlow_twins", "vicreg"};

TEST_CASE("new recipe: what it writes of every kind, objective and backbone checks, and can be planned") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 6, 5);
  const Arguments own{"--data", folder / "faces"};
  std::vector<Arguments> requests{{"run"},
                                  {"run", "--backbone", "part_fvit"},
                                  {"run", "--backbone", "vit"},
                                  {"run", "--backbone", "iresnet"},
                                  {"run", "--objective", "dino"},
                                  {"run", "--objective", "dino", "--backbone", "vit"},
                                  {"run", "--objective", "lafs"},
                                  {"row"},
                                  {"row", "--objective", "dino"},
                                  {"row", "--objective", "dino", "--backbone", "vit"}};
  for (const std::string& objective : two_view_methods) requests.push_back({"row", "--objective", objective, "--backbone", "iresnet"});
  for (const std::string& objective : two_view_methods) requests.push_back({"run", "--objective", objective});
  requests.push_back({"run", "--objective", "mae", "--backbone", "vit"});
  requests.push_back({"row", "--objective", "mae"});
  int number = 0;
  for (const Arguments& request : requests) {
    for (const Arguments& data : {Arguments(), own}) {
      const fs::path file = folder / ("r" + std::to_string(number++) + ".toml");
      CAPTURE(file);
      const Arguments rest(request.begin() + 1, request.end());
      const Outcome made = lafs(Arguments{"new", "recipe", request.front(), file.string()} + rest + data);
      CHECK_MESSAGE(made.status == 0, made.err);
      CHECK(made.out.starts_with("wrote " + file.string() + "\n" + (data.empty() ? "" : few_people) + "\nlook at it, run it:\n"));
      check_recipe(file);
      const Outcome plan = lafs({"plan", "--probe", "0", file});
      CHECK_MESSAGE(plan.status == 0, plan.err);
    }
  }
}

TEST_CASE("new recipe: a grid of every objective checks, with the run that it varies") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 6, 5);
  for (const std::string& objective : std::vector<std::string>{"identification", "dino", "lafs", "mae"} + two_view_methods) {
    for (const Arguments& data : {Arguments(), Arguments{"--data", folder / "faces"}}) {
      const fs::path file = folder / (objective + std::to_string(data.size()) + ".toml");
      const fs::path run = folder / (objective + std::to_string(data.size()) + "_run.toml");
      const Outcome made = lafs(Arguments{"new", "recipe", "grid", file.string(), "--objective", objective} + data);
      CHECK_MESSAGE(made.status == 0, made.err);
      CHECK(made.out.starts_with("wrote " + file.string() + "\nwrote " + run.string() + "\n"));
      check_recipe(file);
      check_recipe(run);
      CHECK(lafs({"plan", "--probe", "0", run}).status == 0);
      const Outcome dry = lafs({"ablate", file, "--dry-run", "--probe-seconds", "0", "--out", folder / "out"});
      CHECK_MESSAGE(dry.status == 0, dry.err);
      CHECK_MESSAGE(dry.out.find("12") != std::string::npos, dry.out);
    }
  }
}

TEST_CASE("new recipe: people to verify are not those to train on, and the run measures them") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 6, 5);
  write_drawn_picture(folder / "faces/alone/0.png", 9, 0);
  REQUIRE(lafs({"new", "recipe", "run", folder / "deep/my.toml", "--data", folder / "faces"}).status == 0);
  const std::string text = read_bytes(folder / "deep/my.toml");
  CHECK_MESSAGE(text.find("\ncount = 4  ") != std::string::npos, text);
  CHECK(text.find("\nfirst = 4  ") != std::string::npos);
  CHECK(text.find("\ngenuine = 20  ") != std::string::npos);
  CHECK(text.find("there are 1\n") != std::string::npos);
  const Outcome run = lafs({"run", folder / "deep/my.toml", "--out", folder / "out", "--set", "run.steps=1", "--set", "run.threads=1"});
  CHECK_MESSAGE(run.status == 0, run.err);
  const auto results = json_file(folder / "out/results.json");
  CHECK(results.dump().find("unseen people") != std::string::npos);
}

TEST_CASE("new recipe: that a model was trained on the folder that it is measured on is noted") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 6, 5);
  fs::copy(folder / "faces", folder / "copy", fs::copy_options::recursive);
  REQUIRE(lafs({"new", "recipe", "run", folder / "my.toml", "--data", folder / "faces"}).status == 0);
  REQUIRE(lafs({"run", folder / "my.toml", "--out", folder / "out", "--set", "run.steps=1", "--set", "run.threads=1"}).status == 0);
  const std::string note = "the model was trained on pictures of " + in_quotes(folder / "faces") +
                           ": people that it saw then are told apart more easily than others, so the result is too good; the evaluators of "
                           "its own recipe, without --on, measure what that recipe keeps for it\n";
  const auto notes_on = [&](const char* set) { return lafs({"eval", folder / "out", "--on", folder / set, "--quiet"}).err; };
  CHECK(notes_on("faces").find(note) != std::string::npos);
  CHECK(notes_on("copy").find("was trained on") == std::string::npos);
}

TEST_CASE("new recipe: pictures that are not square are noted, by it and by plan") {
  const ScratchFolder folder;
  for (int i = 0; i < 30; ++i) {
    const fs::path file = folder / "faces" / std::to_string(i / 5) / (std::to_string(i) + ".pgm");
    fs::create_directories(file.parent_path());
    write_bytes(file, "P5\n24 32\n255\n" + std::string(24 * 32, static_cast<char>(i)));
  }
  const Outcome written = lafs({"new", "recipe", "run", folder / "my.toml", "--data", folder / "faces"});
  REQUIRE_MESSAGE(written.status == 0, written.err);
  const std::string note = "pictures such as one of 24 x 32 pixels are squeezed to the input of 112 x 112, as they have other proportions";
  CHECK_MESSAGE(written.out.find("\nnote: " + note + "; lafs align cuts faces out in its proportions\n") != std::string::npos, written.out);
  CHECK(lafs({"plan", folder / "my.toml", "--probe", "0"}).err == note + "\n");
}

TEST_CASE("new recipe: pre-training on pictures of one's own takes a step") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 6, 5);
  for (const std::string backbone : {"fvit", "vit"}) {
    const fs::path file = folder / (backbone + ".toml");
    REQUIRE(lafs({"new", "recipe", "run", file, "--objective", "dino", "--backbone", backbone, "--data", folder / "faces"}).status == 0);
    const Outcome run = lafs({"run", file, "--out", folder / backbone, "--set", "run.steps=1", "--set", "run.threads=1"});
    CHECK_MESSAGE(run.status == 0, run.err);
  }
}

TEST_CASE("new recipe: a row of every method hands its weights on") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 6, 5);
  for (const std::string& objective : two_view_methods + std::vector<std::string>{"mae", "dino"}) {
    const fs::path file = folder / (objective + ".toml");
    REQUIRE(lafs({"new", "recipe", "row", file, "--objective", objective, "--data", folder / "faces"}).status == 0);
    const Outcome run = lafs({"run", file, "--out", folder / objective, "--set", "pretrain.run.steps=1", "--set", "finetune.run.steps=1",
                              "--set", "pretrain.run.threads=1", "--set", "finetune.run.threads=1"});
    CHECK_MESSAGE(run.status == 0, run.err);
  }
}

TEST_CASE("new recipe: a path that was given relative is relative to the recipe") {
  const ScratchFolder folder;
  draw_people(folder / "faces", 4, 5);
  const std::string line = std::string("cd ") + folder.path().string() + " && " + LAFS_TEST_PROGRAM +
                           " new recipe run studies/my.toml --data faces/ && cd / && " + LAFS_TEST_PROGRAM + " check " +
                           folder.path().string() + "/studies/my.toml";
  const Outcome outcome = Program({"bash", "-c", line}).wait();
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(read_bytes(folder / "studies/my.toml").find("faces = \"../faces\"") != std::string::npos);
}

TEST_CASE("new recipe: what it refuses, and that it then writes nothing") {
  const ScratchFolder folder;
  const fs::path file = folder / "my.toml";
  const auto told = [&](const Arguments& rest, int status, const std::string& text) {
    const Outcome outcome = lafs(Arguments{"new", "recipe"} + rest);
    CHECK(outcome.status == status);
    CHECK(outcome.err == text);
    CHECK(!fs::exists(file));
  };
  told({"rwo", file}, 2, "lafs new recipe: error: there is no recipe of the kind \"rwo\"; did you mean \"row\"?\n");
  told({"run", file, "--objective", "moco"}, 2,
       "lafs new recipe: error: there is no recipe with the objective \"moco\"; one of \"identification\", \"dino\", \"lafs\", "
       "\"simclr\", \"byol\", \"moco_v3\", \"barlow_twins\", \"vicreg\", \"mae\"\n");
  told({"run", file, "--objective", "lafs", "--backbone", "iresnet"}, 2,
       "lafs new recipe: error: with the objective \"lafs\" it writes the backbones fvit, not \"iresnet\"\n");
  told({"row", file, "--backbone", "fvit"}, 2,
       "lafs new recipe: error: the stages of a row with lafs have part_fvit and fvit as backbones; leave out --backbone\n");
  told({"row", file, "--objective", "identification"}, 2,
       "lafs new recipe: error: a row begins without labels, by \"lafs\" or another method; for \"identification\" alone write a run\n");
  told({"run", folder / "my.txt"}, 2,
       "lafs new recipe: error: \"" + (folder / "my.txt").string() + "\" does not end in .toml, by which recipes are known\n");
  fs::create_directories(folder / "empty");
  told({"run", file, "--data", folder / "empty"}, 1,
       "--data: error: data_source \"image_folder\": " + in_quotes(folder / "empty") +
           " is empty; it should hold a folder of images for each identity\n");
  told({"run", file, "--data", folder / "no"}, 1, "lafs: error: \"" + (folder / "no").string() + "\" does not exist\n");
  draw_people(folder / "faces", 3, 2);
  told({"run", file, "--data", folder / "faces"}, 1,
       "lafs: error: \"" + (folder / "faces").string() +
           "\" holds 3 people with two pictures or more: too few to train on some and verify others, which takes 4 people, and among those "
           "to verify 20 pairs of pictures of one person\n");
  REQUIRE(lafs({"new", "recipe", "grid", folder / "study.toml"}).status == 0);
  fs::remove(folder / "study.toml");
  const Outcome again = lafs({"new", "recipe", "grid", folder / "study.toml"});
  CHECK(again.status == 1);
  CHECK(again.err ==
        "lafs: error: \"" + (folder / "study_run.toml").string() + "\" exists already, and is not overwritten; name another file\n");
  CHECK(!fs::exists(folder / "study.toml"));
}

}  // namespace
}  // namespace lafs::test
