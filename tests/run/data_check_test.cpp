/// `lafs data check` as people run it before a training.
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "imaging/decode.h"
#include "imaging/encode.h"
#include "support/skip.h"
#include "tiny.h"

namespace lafs::test {
namespace {

std::string text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

/// Drawn people in a folder, as PNG files pN/M.png: three people of two pictures, and one of one.
class Faces {
 public:
  Faces() {
    const fs::path set = folder_ / "set";
    const std::string drawn = "{ use = \"synthetic_faces\", identities = 4, per_identity = 2, size = 64 }";
    REQUIRE(lafs({"data", "pack", "--source", drawn, "--out", set, "--format", "png", "--quiet"}).status == 0);
    const Outcome unpacked = lafs({"data", "info", set});
    REQUIRE(unpacked.status == 0);
    const std::string records = read_bytes(set / "train.rec");
    const std::string magic = "\x89PNG\r\n\x1a\n", end = "IEND\xae\x42\x60\x82";
    int64_t picture = 0;
    for (size_t at = records.find(magic); at != std::string::npos; at = records.find(magic, at + 1), ++picture) {
      if (picture == 7) break;
      const size_t past = records.find(end, at) + end.size();
      write(fmt::format("p{}/{}.png", picture / 2, picture % 2), records.substr(at, past - at));
    }
    REQUIRE(picture == 7);
  }
  fs::path root() const { return folder_ / "faces"; }
  fs::path operator/(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((root() / name).parent_path());
    write_bytes(root() / name, bytes);
  }
  std::string bytes(const std::string& name) const { return read_bytes(root() / name); }
  std::string encoded_again(const std::string& name) const { return text(imaging::encode_jpeg(imaging::read_image(root() / name), 60)); }
  Outcome check(const Arguments& more = {}, const Environment& environment = {}) const {
    return lafs(Arguments{"data", "check", root(), "--quiet"} + more, environment);
  }

 private:
  ScratchFolder folder_;
};

TEST_CASE("data check: copies, names and exit statuses, as text and as JSON") {
  const Faces faces;
  const Outcome whole = faces.check({"--strict"});
  CHECK(whole.status == 0);
  CHECK(whole.out ==
        "7 pictures of 4 identities: all whole\n"
        "identities  numbers 0 to 3; with one picture: 1, the first \"p3/0.png\"\n"
        "sizes       64x64 (7)\n"
        "colours     more blue than red in the middle: 0 of 7 coloured pictures\n"
        "copies across identities, one picture under two names: 0\n"
        "copies within one identity: 0\n");

  faces.write("p2/9.png", faces.bytes("p0/1.png"));
  faces.write("p1/8.jpg", faces.encoded_again("p1/0.png"));
  const Outcome copies = faces.check();
  CHECK(copies.status == 0);
  const size_t agreement = copies.out.find("agreement ");
  REQUIRE(agreement != std::string::npos);
  CHECK(copies.out.substr(copies.out.find("copies")) ==
        "copies across identities, one picture under two names: 1, 1 of them with the same pixels\n"
        "  \"p0/1.png\" and \"p2/9.png\": the same pixels\n"
        "copies within one identity: 1, 0 of them with the same pixels\n"
        "  \"p1/0.png\" and \"p1/8.jpg\": " +
            copies.out.substr(agreement, 15) + "\n");
  CHECK(faces.check({"--strict"}).status == 1);
  CHECK(faces.check({"--list", "0"}).out.find("one identity: 1, 0 of them with the same pixels\n  and 1 more\n") != std::string::npos);

  const auto json = nlohmann::json::parse(faces.check({"--json"}).out);
  CHECK(json.at("pictures") == 9);
  CHECK(json.at("labels") == nlohmann::json::parse(R"({"smallest": 0, "largest": 3, "with_pictures": 4, "gaps": [],
    "with_one_picture": {"count": 1, "listed": [{"index": 8, "key": "p3/0.png", "identity": 3}]}})"));
  CHECK(json.at("sizes") == nlohmann::json{{"64x64", 9}});
  CHECK(json.at("colours") == nlohmann::json::parse(R"({"grey": 0, "first_grey": null, "coloured": 9, "more_blue_than_red": 0,
    "probably_bgr": false})"));
  CHECK(json.at("copies_across_identities") == nlohmann::json::parse(R"({"count": 1, "same_pixels": 1, "listed": [
    {"first": {"index": 1, "key": "p0/1.png", "identity": 0}, "second": {"index": 7, "key": "p2/9.png", "identity": 2},
     "same_pixels": true, "agreement": 1.0}]})"));
  CHECK(json.at("copies_within_identities").at("count") == 1);
  CHECK(json.at("copies_within_identities").at("listed").at(0).at("second").at("key") == "p1/8.jpg");
  CHECK(json.at("suspicious") == nlohmann::json::array({"copies across identities: 1", "copies within one identity: 1"}));
  CHECK_FALSE(json.contains("against"));
  CHECK_FALSE(json.contains("model"));

  const auto decoded = nlohmann::json::parse(faces.check({"--json", "--decode-only"}).out);
  CHECK(decoded.size() == 5);
  CHECK(decoded.at("checked") == 9);
}

TEST_CASE("data check: red and blue exchanged are found in a set of enough pictures") {
  const ScratchFolder folder;
  const std::string drawn = "{ use = \"synthetic_faces\", identities = 60, per_identity = 2, size = 32 }";
  REQUIRE(lafs({"data", "pack", "--source", drawn, "--out", folder / "set", "--quiet"}).status == 0);
  const auto check = [&](const std::string& swap) {
    return lafs({"data", "check", "--quiet", "--strict", "--source",
                 "{ use = \"record_set\", files = [\"" + (folder / "set").string() + "\"], swap_rb = " + swap + " }"});
  };
  CHECK(check("false").out.find("probably") == std::string::npos);
  const Outcome swapped = check("true");
  CHECK(swapped.status == 1);
  CHECK(swapped.out.find(" of 120 coloured pictures: probably BGR, not RGB; swap_rb = true of record_set corrects it\n") !=
        std::string::npos);
}

TEST_CASE("data check --against: pictures and names that both sources have, also of a record set") {
  const Faces faces;
  const std::string other = (faces / "other").string();
  fs::create_directories(faces / "other/p1");
  fs::create_directories(faces / "other/z");
  write_bytes(faces / "other/p1/0.png", faces.bytes("p2/0.png"));
  write_bytes(faces / "other/z/0.jpg", faces.encoded_again("p0/0.png"));
  const Outcome outcome = faces.check({"--against", other});
  CHECK(outcome.status == 0);
  const std::string found = outcome.out.substr(outcome.out.find("pictures that"));
  CHECK(found.starts_with("pictures that \"" + other + "\" has too: 2, 1 of them with the same pixels\n" +
                          "  \"p2/0.png\" and \"p1/0.png\": the same pixels\n  \"p0/0.png\" and \"z/0.jpg\": agreement "));
  CHECK(found.ends_with("\nnames in both: 1\n  p1\n"));
  CHECK(faces.check({"--against", other, "--strict"}).status == 1);
  REQUIRE(lafs({"data", "pack", other, "--out", faces / "packed", "--quiet"}).status == 0);
  const auto json = nlohmann::json::parse(faces.check({"--against", faces / "packed", "--json"}).out).at("against");
  CHECK(json.at("pictures").at("count") == 2);
  CHECK(json.at("pictures").at("same_pixels") == 1);
}

TEST_CASE("data check --sheet: pairs are drawn, and without any the sheet says so") {
  const Faces faces;
  const fs::path sheet = faces / "sheet.png";
  const Outcome nothing = faces.check({"--sheet", sheet});
  CHECK(nothing.status == 0);
  const Image empty = imaging::read_image(sheet);
  CHECK(nothing.err == fmt::format("{}: {} x {} pixels\n", sheet.string(), empty.width, empty.height));
  const Outcome refused = faces.check({"--sheet", sheet});
  CHECK(refused.status == 1);
  CHECK(refused.err == "lafs: error: \"" + sheet.string() + "\" exists; --force overwrites it\n");
  faces.write("p2/9.png", faces.bytes("p0/1.png"));
  REQUIRE(faces.check({"--sheet", sheet, "--force"}).status == 0);
  CHECK(imaging::read_image(sheet).height > empty.height + 100);
}

TEST_CASE("data check --model: labels and copies are judged by a model, or by features of these pictures") {
  const Faces faces;
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  const fs::path features = faces / "features.npy";
  REQUIRE(lafs({"embed", tiny / "out", faces.root(), "--out", features, "--quiet", "--device", "cpu"}).status == 0);
  const auto by_model = nlohmann::json::parse(faces.check({"--model", tiny / "out", "--json", "--margin", "0"}).out).at("model");
  const auto by_features = nlohmann::json::parse(faces.check({"--model", features, "--json", "--margin", "0"}).out).at("model");
  CHECK(by_model.at("judged") == 6);
  CHECK(by_model.at("alone") == 1);
  CHECK(by_model.at("mislabelled").at("listed").size() == by_features.at("mislabelled").at("count"));
  for (size_t i = 0; i < by_model.at("mislabelled").at("listed").size(); ++i)
    CHECK(by_model.at("mislabelled").at("listed").at(i).at("key") == by_features.at("mislabelled").at("listed").at(i).at("key"));

  faces.write("p2/9.png", faces.bytes("p0/1.png"));
  const Outcome other = faces.check({"--model", features});
  CHECK(other.status == 1);
  CHECK(other.err == "lafs: error: \"" + features.string() +
                         "\" holds features of 7 pictures, but the source has 8; name a model, or features of these pictures\n");
  const Outcome copies = faces.check({"--model", tiny / "out"});
  CHECK(copies.out.find("\"p0/1.png\" and \"p2/9.png\": the same pixels, cosine 1.000\n") != std::string::npos);
  CHECK(copies.out.find("copies of either kind with a cosine of 0.7 or more: 1 of 1\n") != std::string::npos);
  faces.write("p2/9.png", "<html>");
  const Outcome damaged = faces.check({"--model", tiny / "out"});
  CHECK(damaged.status == 1);
  CHECK(damaged.out.ends_with("labels by \"" + (tiny / "out").string() +
                              "\": not judged, damaged pictures cannot be embedded: repair or remove them first\n"));
}

TEST_CASE("data check --record: a run on the same data says what was found, and one on other data does not") {
  const Faces faces;
  const ScratchFolder cache;
  const Environment environment{{"XDG_CACHE_HOME", cache.path().string()}};
  faces.write("p2/9.png", faces.bytes("p0/1.png"));
  const fs::path record = faces.root() / ".lafs-check";
  const Outcome recorded = faces.check({"--record"}, environment);
  CHECK(recorded.err == "recorded in \"" + record.string() + "\"\n");
  const auto json = json_file(record);
  CHECK(json.at("counts").at("copies_across_identities") == 1);
  const std::string date = json.at("date").get<std::string>().substr(0, 10);
  std::string recipe = tiny_text;
  const std::string before = "use = \"synthetic_faces\"\nidentities = 8\nper_identity = 6\nsize = 32\n";
  recipe.replace(recipe.find(before), before.size(), "use = \"image_folder\"\nroot = " + in_quotes(faces.root()) + "\n");
  const Tiny tiny(recipe);
  const std::string note = "the data was checked on " + date + ": 8 pictures of 4 identities: all whole; copies across identities: 1\n";
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  CHECK(notes_of(tiny / "out") == note);
  CHECK(json_file(tiny / "out" / "manifest.json").at("data_check") == json);
  faces.write("p2/9.png", faces.bytes("p2/0.png"));
  REQUIRE(tiny.run("other", {"--set", "run.epochs=1"}).status == 0);
  CHECK(notes_of(tiny / "other") == "");
  CHECK_FALSE(json_file(tiny / "other" / "manifest.json").contains("data_check"));

  const Outcome packed = lafs({"data", "pack", faces.root(), "--out", faces / "packed", "--quiet"});
  REQUIRE(packed.status == 0);
  CHECK(lafs({"data", "check", faces / "packed", "--record", "--quiet"}, environment).err ==
        "recorded in \"" + (faces / "packed/.lafs-check").string() + "\"\n");
  CHECK(lafs({"data", "pack", faces.root(), "--out", faces / "packed", "--quiet", "--force"}).status == 0);
}

TEST_CASE("data check --record: drawn pictures have no folder, so the cache keeps it") {
  const ScratchFolder cache;
  const Environment environment{{"XDG_CACHE_HOME", cache.path().string()}};
  const Tiny tiny;
  const Outcome recorded = lafs({"data", "check", tiny.recipe(), "--record", "--quiet"}, environment);
  CHECK(recorded.status == 0);
  CHECK(recorded.err.starts_with("recorded in \"" + (cache / "lafs/check-").string()));
  REQUIRE(lafs(tiny.arguments("out", {"--set", "run.epochs=1"}), environment).status == 0);
  CHECK(notes_of(tiny / "out").find(": 48 pictures of 8 identities: all whole\n") != std::string::npos);
}

TEST_CASE("data check: options that need another, and sources that are not there, are refused") {
  const Faces faces;
  for (const char* option : {"--margin", "--batch"}) {
    const Outcome outcome = faces.check({option, "1"});
    CHECK(outcome.status == 2);
    CHECK_MESSAGE(outcome.err.find(std::string(option) + " requires --model") != std::string::npos, outcome.err);
  }
  for (const Arguments& option :
       {Arguments{"--against", faces.root()}, {"--model", "out"}, {"--sheet", faces / "sheet.png"}, {"--strict"}}) {
    const Outcome outcome = faces.check(option + Arguments{"--decode-only"});
    CHECK(outcome.status == 2);
    CHECK_MESSAGE(outcome.err.find(option.front() + " excludes --decode-only") != std::string::npos, outcome.err);
  }
  const Outcome missing = faces.check({"--against", "/nowhere"});
  CHECK(missing.status == 1);
  CHECK(missing.err == "lafs: error: \"/nowhere\" does not exist\n");
}

TEST_CASE("data check: a signal stops it, and nothing is drawn or recorded") {
  const ScratchFolder folder;
  const std::string drawn = "{ use = \"synthetic_faces\", identities = 100000, per_identity = 10, size = 112 }";
  Program program(command({"data", "check", "--source", drawn, "--sheet", folder / "sheet.png", "--record"}),
                  {{"XDG_CACHE_HOME", (folder / "cache").string()}});
  std::this_thread::sleep_for(std::chrono::seconds(2));
  program.signal(SIGINT);
  const Outcome outcome = program.wait();
  CHECK(outcome.status == 130);
  CHECK(outcome.err.find(" of 1000000 pictures\n") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "sheet.png"));
  CHECK_FALSE(fs::exists(folder / "cache"));
}

}  // namespace
}  // namespace lafs::test
