#include <doctest/doctest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/face_records.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "tiny.h"

namespace lafs::test {
namespace {

using Bytes = std::vector<uint8_t>;

std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Image shade(uint8_t value, int64_t size = 8) { return imaging::image_of(size, size, Bytes(static_cast<size_t>(size * size * 3), value)); }

/// A folder of people with JPEG and PNG pictures, and the place beside it for what is packed.
class People {
 public:
  People() {
    const std::array<int, 3> counts{2, 1, 3};
    for (int person = 0; person < 3; ++person) {
      fs::create_directories(root() / fmt::format("p{}", person));
      for (int i = 0; i < counts[static_cast<size_t>(person)]; ++i) {
        const Image image = shade(static_cast<uint8_t>(40 * person + 10 * i));
        const Bytes bytes = i % 2 == 0 ? imaging::encode_jpeg(image) : imaging::encode_png(image);
        write_bytes(root() / fmt::format("p{}/{}.{}", person, i, i % 2 == 0 ? "jpg" : "png"), text(bytes));
        pictures.push_back(text(bytes));
        labels.push_back(person);
      }
    }
  }
  fs::path root() const { return folder_ / "people"; }
  fs::path out() const { return folder_ / "packed"; }
  fs::path operator/(const std::string& name) const { return folder_ / name; }
  /// Nothing but the people and, if asked, the packed set is there.
  bool clean(bool packed) const {
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      if (entry.path() != root() && !(packed && entry.path() == out())) return false;
    }
    return fs::exists(out()) == packed;
  }

  std::vector<std::string> pictures;
  std::vector<int64_t> labels;

 private:
  ScratchFolder folder_;
};

TEST_CASE("data pack: a folder becomes a record set of the same bytes and labels, in both styles") {
  for (const char* style : {"range", "plain"}) {
    const People people;
    const Outcome outcome = lafs({"data", "pack", people.root(), "--out", people.out(), "--style", style, "--quiet"});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    CHECK(outcome.err == "");
    size_t bytes = 0;
    for (const std::string& picture : people.pictures) bytes += picture.size();
    CHECK(outcome.out == fmt::format("6 pictures of 3 identities in {}, {} style, 6 copied without loss, {} bytes\n", people.out().string(),
                                     style, bytes));
    CHECK(people.clean(true));
    CHECK(read_bytes(people.out() / "property") == "3,8,8\n");
    const formats::FaceRecords set(people.out() / "train.rec", {});
    REQUIRE(set.size() == 6);
    CHECK(set.warnings().empty());
    CHECK((set.style() == formats::FaceRecords::Style::range) == (std::string(style) == "range"));
    for (int64_t i = 0; i < 6; ++i) {
      CHECK(text(set.picture(i)) == people.pictures[static_cast<size_t>(i)]);
      CHECK(set.label(i) == people.labels[static_cast<size_t>(i)]);
    }
  }
}

TEST_CASE("data pack: a packed set packs to itself, and any number of threads gives the same") {
  const People people;
  REQUIRE(lafs({"data", "pack", people.root(), "--out", people.out(), "--threads", "1", "--quiet", "--count-line"}).status == 0);
  REQUIRE(lafs({"data", "pack", people.out(), "--out", people / "again", "--threads", "7", "--quiet", "--count-line"}).status == 0);
  for (const char* file : {"train.rec", "train.idx", "property"})
    CHECK(read_bytes(people.out() / file) == read_bytes(people / "again" / file));
  CHECK(read_bytes(people.out() / "property") == "3,8,8\n6\n");
}

TEST_CASE("data pack: shards keep people together and labels apart") {
  const People people;
  const Outcome outcome = lafs({"data", "pack", people.root(), "--out", people.out(), "--shards", "2", "--quiet"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const formats::FaceRecords first(people.out() / "train-00000.rec", {}), second(people.out() / "train-00001.rec", {});
  CHECK(first.size() == 3);
  CHECK(second.size() == 3);
  CHECK(second.label(0) == 2);
  const Outcome info = lafs({"data", "info", people.out(), "--json"});
  REQUIRE_MESSAGE(info.status == 0, info.err);
  const auto json = nlohmann::json::parse(info.out);
  CHECK(json.at("pictures") == 6);
  CHECK(json.at("identities") == 3);
  CHECK(json.at("shards").size() == 2);
  const Outcome many = lafs({"data", "pack", people.root(), "--out", people / "many", "--shards", "4", "--quiet"});
  CHECK(many.status == 1);
  CHECK(many.err == "lafs: error: 6 pictures of 3 identities do not fill 4 shards\n");
  CHECK(!fs::exists(people / "many"));
}

TEST_CASE("data pack: what is drawn or chosen is encoded, as asked") {
  const People people;
  const std::string drawn =
      "{ use = \"subset\", per_identity = 2, source = { use = \"synthetic_faces\", identities = 3, per_identity = 4, size = 32 } }";
  const Outcome png = lafs({"data", "pack", "--source", drawn, "--out", people.out(), "--format", "png", "--quiet"});
  REQUIRE_MESSAGE(png.status == 0, png.err);
  CHECK(png.out.find("6 pictures of 3 identities") == 0);
  CHECK(png.out.find(" 0 copied") != std::string::npos);
  const formats::FaceRecords set(people.out() / "train.rec", {});
  CHECK(text(set.picture(0)).substr(1, 3) == "PNG");
  const Outcome jpeg = lafs({"data", "pack", "--source", drawn, "--out", people / "jpeg", "--quality", "40", "--chroma", "444", "--quiet"});
  REQUIRE_MESSAGE(jpeg.status == 0, jpeg.err);
  const formats::FaceRecords small(people / "jpeg" / "train.rec", {});
  CHECK(small.picture(5) == imaging::encode_jpeg(imaging::decode_image(set.picture(5)), 40, true));
}

TEST_CASE("data pack: a recipe names its data, a list its pictures") {
  const People people;
  const Tiny tiny;
  const Outcome recipe = lafs({"data", "pack", tiny.recipe(), "--out", people.out(), "--quiet", "--set", "data_source.identities=4"});
  REQUIRE_MESSAGE(recipe.status == 0, recipe.err);
  CHECK(recipe.out.find("24 pictures of 4 identities") == 0);
  write_bytes(people / "list.txt", "p2/1.png zoe\np0/0.jpg ann\n");
  const Outcome list =
      lafs({"data", "pack", people / "list.txt", "--root", people.root(), "--style", "plain", "--out", people / "two", "--quiet"});
  REQUIRE_MESSAGE(list.status == 0, list.err);
  const formats::FaceRecords set(people / "two" / "train.rec", {});
  REQUIRE(set.size() == 2);
  CHECK(text(set.picture(0)) == people.pictures[4]);
  CHECK(set.label(0) == 1);
}

TEST_CASE("data pack: whole-number labels keep their order, and a table says what changed") {
  const People people;
  write_bytes(people / "list.lst", "0\t20.000000\tp0/0.jpg\n1\t3.000000\tp1/0.jpg\n2\t100.000000\tp2/0.jpg\n");
  const Outcome outcome =
      lafs({"data", "pack", people / "list.lst", "--root", people.root(), "--out", people.out(), "--style", "plain", "--quiet"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err ==
        "\"list.lst\": its lines are MXNet's: number, label, path\n"
        "\"list.lst\": the labels 3 to 100 are renumbered without gaps, in their order: 3 becomes 0\n");
  const formats::FaceRecords set(people.out() / "train.rec", {});
  CHECK(set.label(0) == 1);
  CHECK(set.label(1) == 0);
  CHECK(set.label(2) == 2);
  CHECK(read_bytes(people.out() / "identities.tsv") == "identity\tname\n0\t3.000000\n1\t20.000000\n2\t100.000000\n");
  write_bytes(people / "list.lst", "0\t1\tp0/0.jpg\n1\t0\tp1/0.jpg\n");
  const Outcome again = lafs({"data", "pack", people / "list.lst", "--root", people.root(), "--out", people.out(), "--force", "--quiet"});
  REQUIRE_MESSAGE(again.status == 0, again.err);
  CHECK_FALSE(fs::exists(people.out() / "identities.tsv"));
}

TEST_CASE("data pack: an output that is there is kept unless it is a record set and --force says so") {
  const People people;
  const std::string out = people.out().string();
  REQUIRE(lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet"}).status == 0);
  const Outcome again = lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet"});
  CHECK(again.status == 1);
  CHECK(again.err == "lafs: error: \"" + out + "\" holds a record set; --force replaces it\n");
  CHECK(lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet", "--force", "--shards", "2"}).status == 0);
  CHECK(!fs::exists(people.out() / "train.rec"));
  CHECK(people.clean(true));
  write_bytes(people.out() / "notes.txt", "mine");
  const Outcome foreign = lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet", "--force"});
  CHECK(foreign.status == 1);
  CHECK(foreign.err == "lafs: error: \"" + out + "\" holds \"notes.txt\", which does not belong to a record set\n");
  CHECK(read_bytes(people.out() / "notes.txt") == "mine");
}

TEST_CASE("data pack: a picture that cannot be read is named, and nothing is left behind") {
  const People people;
  write_bytes(people.root() / "p1/0.jpg", "no picture");
  const Outcome outcome = lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err ==
        "lafs: error: damaged pictures: 1 of 6; nothing was written:\n"
        "  image 2 \"p1/0.jpg\": is not a JPEG, PNG, WebP, BMP, TIFF or PNM image\n"
        "repair or remove them; or leave them out: with --source, image_folder and record_set take on_damaged = \"skip\"\n");
  CHECK(people.clean(false));
}

TEST_CASE("data pack: a signal stops it, and nothing is left behind") {
  const People people;
  const std::string drawn = "{ use = \"synthetic_faces\", identities = 100000, per_identity = 10, size = 112 }";
  Program program(command({"data", "pack", "--source", drawn, "--out", people.out(), "--quiet"}));
  const auto started = [&] {
    for (const auto& entry : fs::directory_iterator(people.root().parent_path())) {
      if (entry.path().filename().string().ends_with(".part")) return true;
    }
    return false;
  };
  while (!started() && program.running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  program.signal(SIGINT);
  const Outcome outcome = program.wait();
  CHECK(outcome.status == 130);
  CHECK(outcome.err.find("of 1000000 pictures; nothing was written\n") != std::string::npos);
  CHECK(people.clean(false));
}

TEST_CASE("data: a source that is missing or named twice is reported") {
  const Outcome none = lafs({"data", "info"});
  CHECK(none.status == 2);
  CHECK(none.err == "lafs: error: name one source, as SOURCE or with --source\n");
  const Outcome missing = lafs({"data", "info", "/nowhere"});
  CHECK(missing.status == 1);
  CHECK(missing.err == "lafs: error: \"/nowhere\" does not exist\n");
  const Outcome wrong = lafs({"data", "info", "--source", "x"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err == "--source: error: expected a table, \"{ use = ... }\", found \"x\"\n");
  const Outcome root = lafs({"data", "info", "--source", "{ use = \"record_set\", files = [\"@data/x\"] }"});
  CHECK(root.status == 1);
  CHECK(root.err.find("the data root \"data\" is not set; give --set paths.data=DIR or set LAFS_DATA\n") != std::string::npos);
}

TEST_CASE("data info: a picture that cannot be read is named") {
  const People people;
  write_bytes(people.root() / "p1/0.jpg", "no picture");
  const Outcome outcome = lafs({"data", "info", people.root()});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: image 2 \"p1/0.jpg\": is not a JPEG, PNG, WebP, BMP, TIFF or PNM image\n");
}

/// A grey picture that EXIF wants turned by a quarter.
std::string lying_picture() {
  const std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 32);
  std::string jpeg = text(imaging::encode_jpeg(imaging::image_of(8, 16, Bytes(8 * 16 * 3, 90))));
  return jpeg.insert(2, std::string("\xff\xe1\0\x22", 4) + exif);
}

TEST_CASE(
    "data: what a folder holds beside its pictures, and pictures that lie on their side, are reported by info, pack and run, and kept") {
  const People people;
  const std::string root = people.root().string();
  write_bytes(people.root() / "p0/notes.txt", "mine");
  write_bytes(people.root() / "p1/0.gif", "GIF89a");
  fs::create_directories(people.root() / "p1/@eaDir");
  fs::create_directories(people.root() / "p9");
  write_bytes(people.root() / "p2/lying.jpg", lying_picture());
  write_bytes(people.root() / "p2/grey.pgm", "P1 8 8\n" + std::string(64, '1'));
  const std::vector<std::string> notes{
      fmt::format("\"{}\": files left out because of their ending: 1 .gif, 1 .txt", root),
      fmt::format("\"{}\": folders of systems and cameras left out: 1, first \"p1/@eaDir\"", root),
      fmt::format("\"{}\": folders without pictures left out: 1, first \"p9\"", root),
      fmt::format("\"{}\": EXIF says of 1 of 8 pictures that they are to be turned; they are taken as stored (exif = \"ignore\")", root)};
  CHECK(nlohmann::json::parse(lafs({"data", "info", people.root(), "--json"}).out).at("notes") == notes);
  const Outcome pack = lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet"});
  CHECK(pack.err == fmt::format("{}\npictures that are neither JPEG nor PNG were encoded as JPEG: 1\n"
                                "pictures have 2 different sizes; the property file names the commonest\n",
                                fmt::join(notes, "\n")));
  const Tiny tiny;
  const Outcome run = tiny.run(
      "out", {"--set", "run.steps=1", "--set", "run.batch=4", "--set", "data_source={ use = \"image_folder\", root = \"" + root + "\" }"});
  REQUIRE_MESSAGE(run.status == 0, run.err);
  std::vector<std::string> noted = notes;
  noted.push_back("pictures such as one of 16 x 8 pixels are squeezed to the input of 32 x 32, as they have other proportions");
  CHECK(json_file(tiny / "out" / "manifest.json").at("notes") == noted);
}

TEST_CASE("data: exif = apply turns pictures, also those that are packed") {
  const People people;
  write_bytes(people.root() / "p2/lying.jpg", lying_picture());
  const auto source = [&](const char* exif) {
    return fmt::format("{{ use = \"image_folder\", root = \"{}\", exif = \"{}\" }}", people.root().string(), exif);
  };
  const auto sizes = [&](const char* exif) {
    const auto json = nlohmann::json::parse(lafs({"data", "info", "--source", source(exif), "--json"}).out);
    CHECK(json.at("notes").empty() == (std::string(exif) == "apply"));
    return json.at("sizes_of_sample");
  };
  CHECK(sizes("ignore") == nlohmann::json{{"8x8", 6}, {"8x16", 1}});
  CHECK(sizes("apply") == nlohmann::json{{"8x8", 6}, {"16x8", 1}});
  const Outcome pack = lafs({"data", "pack", "--source", source("apply"), "--out", people.out(), "--quiet"});
  REQUIRE(pack.status == 0);
  CHECK(pack.err == "pictures have 2 different sizes; the property file names the commonest\n");
  const formats::FaceRecords set(people.out() / "train.rec", {});
  REQUIRE(set.size() == 7);
  CHECK(text(set.picture(0)) == people.pictures[0]);
  CHECK(imaging::image_size(set.picture(6)) == std::pair<int64_t, int64_t>(16, 8));
  CHECK(text(set.picture(6)).starts_with("\x89PNG"));
}

TEST_CASE("data info: numbers, sizes and oddities") {
  const People people;
  REQUIRE(lafs({"data", "pack", people.root(), "--out", people.out(), "--quiet"}).status == 0);
  fs::remove(people.out() / "property");
  const auto json = nlohmann::json::parse(lafs({"data", "info", people.out(), "--json"}).out);
  CHECK(json.at("pictures") == 6);
  CHECK(json.at("pictures_per_identity") == nlohmann::json{{"min", 1}, {"median", 2}, {"max", 3}});
  CHECK(json.at("sizes_of_sample") == nlohmann::json{{"8x8", 6}});
  CHECK(json.at("shards").at(0).at("style") == "range");
  CHECK(json.at("notes") == nlohmann::json::array({fmt::format("\"{}\" is missing; classes are counted from the labels",
                                                               (people.out() / "property").string())}));
  const Outcome text = lafs({"data", "info", people.root()});
  CHECK(text.status == 0);
  CHECK(text.out.find("pictures      6\nidentities    3\nper identity  1 to 3, median 2\nsizes         8x8 (6)  \n") == 0);
}

}  // namespace
}  // namespace lafs::test
