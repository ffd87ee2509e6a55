#include <doctest/doctest.h>

#include <algorithm>

#include "imaging/decode.h"
#include "imaging/encode.h"
#include "tiny.h"

namespace lafs::test {
namespace {

const fs::path source = LAFS_TEST_SOURCE;

/// A picture to look at, of no one.
void write_picture(const fs::path& file, int64_t height, int64_t width) {
  std::vector<uint8_t> bytes(static_cast<size_t>(height * width * 3));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 37 + i * i / 91);
  const auto png = imaging::encode_png(imaging::image_of(height, width, std::move(bytes)));
  write_bytes(file, {reinterpret_cast<const char*>(png.data()), png.size()});
}

/// A few steps of LAFS on drawn faces; the landmarks are a grid.
class LafsRun {
 public:
  LafsRun() {
    write_picture(folder_ / "face.png", 64, 64);
    const Outcome trained = lafs({"run", source / "recipes" / "lafs_synthetic.toml", "--out", run(), "--quiet", "--set", "run.steps=1",
                                  "--set", "run.batch=8", "--set", "run.device=cpu", "--set", "evaluator=[]"});
    REQUIRE_MESSAGE(trained.status == 0, trained.err);
  }
  fs::path run() const { return folder_ / "run"; }
  fs::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  ScratchFolder folder_;
};

TEST_CASE("show views: the same bytes at every call, of the size of its pictures") {
  const ScratchFolder folder;
  const fs::path recipe = source / "recipes" / "dino_synthetic.toml";
  const auto views = [&](const std::string& out, const Arguments& more = {}) {
    return lafs(Arguments{"show", "views", recipe, "--pictures", "2", "--out", folder / out} + more);
  };
  const Outcome first = views("a.png");
  REQUIRE_MESSAGE(first.status == 0, first.err);
  REQUIRE(views("b.png").status == 0);
  REQUIRE(views("c.png", {"--epoch", "1"}).status == 0);
  CHECK(read_bytes(folder / "a.png") == read_bytes(folder / "b.png"));
  CHECK(read_bytes(folder / "a.png") != read_bytes(folder / "c.png"));
  const Image image = imaging::read_image(folder / "a.png");
  // Two margins; the original, two views of 64 pixels and four of 32, all twice as large; the gaps between them.
  const int64_t pictures = 2 * 24 + 3 * 128 + 4 * 64 + 2 * 22 + 4 * 6, captions = 190 - 128;
  CHECK(image.width >= pictures);
  CHECK(image.width <= pictures + captions);  // the column of the originals is as wide as their captions
  CHECK(first.err == (folder / "a.png").string() + ": " + std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels\n");
}

TEST_CASE("show margin: the same bytes at every call, and a file that is there is kept") {
  const ScratchFolder folder;
  const auto margin = [&](const std::string& out) {
    return lafs({"show", "margin", "cosface", "magface", "--norm", "10", "110", "--out", folder / out});
  };
  const Outcome first = margin("a.png");
  REQUIRE_MESSAGE(first.status == 0, first.err);
  REQUIRE(margin("b.png").status == 0);
  CHECK(read_bytes(folder / "a.png") == read_bytes(folder / "b.png"));
  const Image image = imaging::read_image(folder / "a.png");
  CHECK(first.err == (folder / "a.png").string() + ": " + std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels\n");
  CHECK(margin("a.png").status == 1);
}

TEST_CASE("show views: a file that is there is kept, and an epoch that is not there is refused") {
  const Tiny tiny;
  write_bytes(tiny / "kept.png", "mine");
  const Outcome kept = lafs({"show", "views", tiny.recipe(), "--out", tiny / "kept.png"});
  CHECK(kept.status == 1);
  CHECK(kept.err == "lafs: error: \"" + (tiny / "kept.png").string() + "\" exists; --force overwrites it\n");
  CHECK(read_bytes(tiny / "kept.png") == "mine");
  CHECK(lafs({"show", "views", tiny.recipe(), "--out", tiny / "kept.png", "--force"}).status == 0);
  CHECK(imaging::read_image(tiny / "kept.png").width > 0);
  const Outcome late = lafs({"show", "views", tiny.recipe(), "--out", tiny / "late.png", "--epoch", "2"});
  CHECK(late.err == "lafs: error: the run has 2 epochs, numbered from 0; there is no epoch 2\n");
}

TEST_CASE("show views: where the objective looks at landmarks, its patches stand behind the views") {
  const ScratchFolder folder;
  const auto views = [&](const std::string& out, const Arguments& more = {}) {
    return lafs(Arguments{"show", "views", source / "recipes" / "lafs_synthetic.toml", "--pictures", "1", "--out", folder / out} + more);
  };
  const Outcome first = views("a.png");
  REQUIRE_MESSAGE(first.status == 0, first.err);
  REQUIRE(views("calm.png", {"--set", "objective.noise_global=0"}).status == 0);
  // 13 pictures of 64 pixels and the patches: 8 x 8 of 8 pixels in two global views, 4 x 4 in four local ones.
  const int64_t pictures = 2 * 24 + 13 * 128 + 2 * 128 + 4 * 64 + 6 * 22 + 12 * 6, captions = 190 - 128;
  const int64_t width = imaging::read_image(folder / "a.png").width;
  CHECK(width >= pictures);
  CHECK(width <= pictures + captions);
  CHECK(read_bytes(folder / "a.png") != read_bytes(folder / "calm.png"));
}

TEST_CASE("show landmarks: the coordinates are the model's, whatever the size of the picture") {
  const LafsRun lafs_run;
  write_picture(lafs_run / "large.png", 100, 80);
  const Outcome outcome = lafs({"show", "landmarks", lafs_run.run(), lafs_run / "face.png", lafs_run / "large.png", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json.at("backbone") == "part_fvit");
  CHECK(json.at("part") == "landmark_source");
  CHECK(json.at("step") == 1);
  REQUIRE(json.at("pictures").size() == 2);
  CHECK(json.at("pictures")[1].at("height") == 100);
  for (const auto& picture : json.at("pictures")) {
    const auto& points = picture.at("landmarks");
    REQUIRE(points.size() == 64);
    for (int n = 0; n < 64; ++n) CHECK(points[n] == nlohmann::json{n % 8 * 8 + 4.0, n / 8 * 8 + 4.0});
  }
  const Outcome drawn = lafs({"show", "landmarks", lafs_run.run(), lafs_run / "face.png", "--out", lafs_run / "l.png"});
  REQUIRE_MESSAGE(drawn.status == 0, drawn.err);
  const Image sheet = imaging::read_image(lafs_run / "l.png");
  CHECK(sheet.width >= 64 * 5 + 2 * 24);
}

TEST_CASE("show attention: maps, roll-out and masks of the encoder, and of a named part") {
  const LafsRun lafs_run;
  const auto attention = [&](const Arguments& more) {
    const Outcome outcome = lafs(Arguments{"show", "attention", lafs_run.run(), lafs_run / "face.png", "--json"} + more);
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    return nlohmann::json::parse(outcome.out);
  };
  const auto json = attention({"--out", lafs_run / "a.png"});
  CHECK(json.at("part") == "teacher.backbone");
  const auto& picture = json.at("pictures")[0];
  CHECK(picture.at("rows") == 8);
  CHECK(picture.at("block") == 1);
  REQUIRE(picture.at("heads").size() == 3);
  double sum = 0;
  for (const double value : picture.at("rollout")) sum += value;
  CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  REQUIRE(picture.at("rollout").size() == 65);
  for (size_t h = 0; h < 3; ++h) {
    const auto values = picture.at("heads")[h].get<std::vector<double>>();
    const auto kept = picture.at("head_masks")[h].get<std::vector<bool>>();
    double all = 0, inside = 0, smallest = 1;
    for (size_t n = 0; n < 64; ++n) {
      all += values[n];
      if (kept[n]) inside += values[n], smallest = std::min(smallest, values[n]);
    }
    CHECK(inside >= 0.6 * all);
    CHECK(inside - smallest <= 0.6 * all);
  }
  CHECK(imaging::read_image(lafs_run / "a.png").width == 2 * 24 + 6 * 192 + 5 * 22);
  CHECK(attention({"--block", "0"}).at("pictures")[0].at("heads") != picture.at("heads"));
  CHECK(attention({"--block", "-1", "--threshold", "0"}).at("pictures")[0].contains("head_masks") == false);
  const auto source_part = attention({"--of", "landmark_source"});
  CHECK(source_part.at("backbone") == "part_fvit");
  CHECK(source_part.at("pictures")[0].at("landmarks")[63] == nlohmann::json{60.0, 60.0});
}

TEST_CASE("show: a checkpoint lists its networks, and one that was written without the list is shown as before") {
  const LafsRun lafs_run;
  const fs::path file = lafs_run.run() / "checkpoints" / "last" / "state.json";
  auto state = json_file(file);
  REQUIRE(state.at("networks").size() == 3);
  CHECK(state["networks"][0].at("path") == "student.backbone");
  CHECK(state["networks"][1].at("options") == state.at("encoder").at("options"));
  CHECK(state["networks"][2].at("plugin") == "part_fvit");
  const auto maps = [&](const std::string& part) {
    const Outcome outcome = lafs({"show", "attention", lafs_run.run(), lafs_run / "face.png", "--json", "--of", part});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    return outcome.out;
  };
  const std::string student = maps("student.backbone"), source_part = maps("landmark_source");
  state.erase("networks");
  write_bytes(file, state.dump());
  CHECK(maps("student.backbone") == student);
  CHECK(maps("landmark_source") == source_part);
}

TEST_CASE("show: what cannot be shown is named with plugins to try") {
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.steps=1", "--set", "evaluator=[]"}).status == 0);
  write_picture(tiny / "face.png", 32, 32);
  const std::string run = tiny / "out";
  const auto error = [&](const Arguments& arguments) { return lafs(Arguments{"show"} + arguments).err; };
  CHECK(error({"landmarks", run, tiny / "face.png", "--json"}) ==
        "lafs: error: no backbone of \"" + run + "\" shows landmarks: \"backbone\" is a \"fvit\"; try \"landmark_cnn\", \"part_fvit\"\n");
  CHECK(error({"landmarks", run, tiny / "face.png", "--json", "--of", "backbone"}) ==
        "lafs: error: \"backbone\" of \"" + run +
            "\" is a backbone \"fvit\", which shows no landmarks; try \"landmark_cnn\", \"part_fvit\"\n");
  CHECK(error({"attention", run, tiny / "face.png", "--json", "--of", "backbon"}) ==
        "lafs: error: \"" + run + "\" has no backbone at \"backbon\"; did you mean \"backbone\"?\n");
  CHECK(error({"attention", run, tiny / "face.png", "--json", "--block", "7"}) ==
        "lafs: error: there is no block 7; \"fvit\" has 1, numbered from 0\n");
  CHECK(error({"attention", run, tiny / "face.png", "--json", "--block", "first"}) ==
        "lafs: error: --block \"first\" is neither \"last\" nor a number\n");
  CHECK(error({"attention", run, tiny / "none.png", "--json"}) == "lafs: error: \"" + (tiny / "none.png").string() + "\" does not exist\n");
  write_bytes(tiny / "text.png", "no picture");
  const std::string unreadable = error({"attention", run, tiny / "text.png", "--json"});
  CHECK(unreadable.starts_with("lafs: error: \"" + (tiny / "text.png").string() + "\""));
}

}  // namespace
}  // namespace lafs::test
