#include <doctest/doctest.h>
#include <fmt/format.h>

#include "imaging/align.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "lafs/content_hashed.h"
#include "lafs/named.h"
#include "materials.h"
#include "support/bytes.h"

namespace lafs::test {
namespace {

constexpr imaging::FivePoints points{{{30, 40}, {60, 41}, {45, 60}, {33, 78}, {58, 77}}};

/// A folder IJBX with pictures of templates 40, 7 and 9000000000.
class IjbFolder {
 public:
  explicit IjbFolder(const std::string& name) : folder_(name) {
    const std::array<const char*, 4> templates{"40 1", "7 2", "40 1", "9000000000 5"};
    std::string rows, faces;
    for (int i = 0; i < 4; ++i) {
      std::vector<uint8_t> bytes;
      for (int k = 0; k < 100 * 90 * 3; ++k) bytes.push_back(static_cast<uint8_t>(k * (i + 3) / 7));
      const auto png = imaging::encode_png(imaging::image_of(100, 90, std::move(bytes)));
      folder_.write(fmt::format("IJBX/loose_crop/{}.jpg", i), {png.begin(), png.end()});
      rows += fmt::format("{}.jpg {}\n", i, templates[static_cast<size_t>(i)]);
      faces += fmt::format("{}.jpg {}\n", i, face(i));
    }
    list("face_tid_mid", rows);
    list("name_5pts_score", faces);
  }
  static std::string face(int i) { return fmt::format("{} 40 60 41 45 60 33 78 58 77 0.{}", 30, 5 + i); }
  void list(const std::string& kind, const std::string& text) const { folder_.write("IJBX/meta/ijbx_" + kind + ".txt", text); }
  std::string root() const { return folder_ / "IJBX"; }
  std::string toml(const std::string& more = "") const { return fmt::format("root = \"{}\"\n{}", root(), more); }
  /// What opening says, without where the folder is.
  std::string error(const std::string& more = "") const {
    std::string text = error_of([&] { source("ijb", toml(more)); });
    for (size_t at = text.find(root()); at != std::string::npos; at = text.find(root())) text.replace(at, root().size(), "IJBX");
    return text;
  }

 private:
  TempFolder folder_;
};

TEST_CASE("ijb: pictures come aligned in the order of the lists, templates are identities") {
  const IjbFolder folder("ijb_order");
  const auto data = source("ijb", folder.toml());
  REQUIRE(data->size() == 4);
  CHECK(data->identities() == 3);
  CHECK(data->identity(0) == 1);
  CHECK(data->identity(1) == 0);
  CHECK(data->identity(2) == 1);
  CHECK(data->identity(3) == 2);
  CHECK(identity_name(*data, 0) == "7");
  CHECK(identity_name(*data, 2) == "9000000000");
  CHECK(data->key(3) == "3.jpg");
  CHECK(consistent(*data));
  CHECK(same_from_threads(*data, 4));
  const Sample sample = data->get(2);
  const Image picture = imaging::read_image(folder.root() + "/loose_crop/2.jpg");
  CHECK(bytes_of(sample.image) == bytes_of(imaging::align(picture, points, imaging::face_template("arcface"))));
  CHECK(sample.image.height == 112);
  CHECK(sample.quality == 0.7F);
  REQUIRE(sample.landmarks.size() == 10);
  const auto forward = imaging::similarity(points, imaging::face_template("arcface").points);
  CHECK(sample.landmarks[8] == static_cast<float>(forward.x(58, 77)));
  CHECK(sample.landmarks[9] == static_cast<float>(forward.y(58, 77)));
}

TEST_CASE("ijb: template and size are chosen") {
  const IjbFolder folder("ijb_template");
  CHECK(source("ijb", folder.toml("template = \"sphereface\""))->get(0).image.width == 96);
  const auto large = source("ijb", folder.toml("size = 256"))->get(0);
  CHECK(large.image.width == 256);
  CHECK(folder.error("size = 120") ==
        "inline.toml:1:1: error: data_source \"ijb\": the template \"arcface\" has a size that is a multiple of 112 or of 128, not 120");
}

TEST_CASE("ijb: a picture that is missing is an error with its line, or left out") {
  const IjbFolder folder("ijb_missing");
  std::filesystem::remove(folder.root() + "/loose_crop/1.jpg");
  CHECK(folder.error() ==
        "IJBX/meta/ijbx_name_5pts_score.txt:2: error: the picture \"1.jpg\" is not in \"IJBX/loose_crop\"; of 4 listed pictures 1 is "
        "missing; "
        "on_damaged = \"skip\" leaves them out");
  const auto rest = source("ijb", folder.toml("on_damaged = \"skip\""));
  REQUIRE(rest->size() == 3);
  CHECK(rest->key(1) == "2.jpg");
  CHECK(rest->identities() == 3);
  CHECK(rest->identity(2) == 2);
  CHECK(!rest->find("1.jpg"));
  CHECK(rest->find("3.jpg") == 2);
  const auto skipped = dynamic_cast<const Skipping&>(*rest).skipped();
  REQUIRE(skipped.size() == 1);
  CHECK(skipped[0].find("ijbx_name_5pts_score.txt:2: error: picture \"1.jpg\": ") != std::string::npos);
}

TEST_CASE("ijb: a damaged picture is an error with file and line when it is read") {
  const IjbFolder folder("ijb_damaged");
  write_bytes(folder.root() + "/loose_crop/3.jpg", "no picture");
  const auto data = source("ijb", folder.toml());
  CHECK(
      error_of([&] { data->get(3); }) ==
      fmt::format("{0}/meta/ijbx_name_5pts_score.txt:4: error: picture \"3.jpg\": \"{0}/loose_crop/3.jpg\": is not a JPEG, PNG, WebP, BMP, "
                  "TIFF or PNM image",
                  folder.root()));
  CHECK(source("ijb", folder.toml("on_damaged = \"skip\""))->size() == 3);
}

TEST_CASE("ijb: landmarks that are one point are an error with file and line") {
  const IjbFolder folder("ijb_one_point");
  std::string faces;
  for (int i = 0; i < 4; ++i) faces += fmt::format("{}.jpg {}\n", i, i == 1 ? "5 5 5 5 5 5 5 5 5 5 1" : IjbFolder::face(i));
  folder.list("name_5pts_score", faces);
  const auto data = source("ijb", folder.toml());
  CHECK(error_of([&] { data->get(1); }) ==
        folder.root() + "/meta/ijbx_name_5pts_score.txt:2: error: picture \"1.jpg\": all five landmarks are the same point");
}

TEST_CASE("ijb: scores outside [0, 1] are noted once, and a quality stays in range") {
  const IjbFolder folder("ijb_scores");
  std::string faces;
  for (int i = 0; i < 4; ++i) faces += fmt::format("{}.jpg 30 40 60 41 45 60 33 78 58 77 {}\n", i, i == 0 ? 0.5 : -1.0 * i);
  folder.list("name_5pts_score", faces);
  const std::vector<std::string> expected{"\"ijbx_name_5pts_score.txt\": detector scores outside [0, 1]: 3, the first is -1 in line 2"};
  CHECK(notes_of("ijb", folder.toml()) == expected);
  CHECK(source("ijb", folder.toml())->get(2).quality == 0);
}

TEST_CASE("ijb: a folder without the lists of IJB is refused") {
  const IjbFolder folder("ijb_refused");
  folder.list("name_5pts_score", "0.jpg 1 2 3\n");
  CHECK(folder.error().find("ijbx_name_5pts_score.txt:1: error: ") != std::string::npos);
  const auto face = [](const std::string& name) { return name + " " + IjbFolder::face(0) + "\n"; };
  folder.list("name_5pts_score", face("0.jpg") + face("1.jpg") + face("3.jpg") + face("2.jpg"));
  CHECK(folder.error().find("ijbx_name_5pts_score.txt:3: error: this line is of picture \"3.jpg\"") != std::string::npos);
  folder.list("name_5pts_score", face("0.jpg") + face("0.jpg"));
  folder.list("face_tid_mid", "0.jpg 1 1\n0.jpg 2 1\n");
  CHECK(folder.error() ==
        "IJBX/meta/ijbx_name_5pts_score.txt:2: error: the picture \"0.jpg\" is listed a second time; the first is line 1");
  folder.list("other_face_tid_mid", "0.jpg 1 1\n");
  CHECK(folder.error() ==
        "inline.toml:1:1: error: data_source \"ijb\": \"IJBX/meta\" has several lists whose names end in \"_face_tid_mid.txt\", such as "
        "\"ijbx_face_tid_mid.txt\" and \"ijbx_other_face_tid_mid.txt\"; keep those of one set");
  std::filesystem::remove_all(folder.root() + "/meta");
  CHECK(folder.error() ==
        "inline.toml:1:1: error: data_source \"ijb\": \"IJBX\" is not an IJB folder: it has no folder \"meta\"; it holds loose_crop/ and "
        "meta/");
}

TEST_CASE("ijb: fingerprints follow pictures, points, scores and templates") {
  const IjbFolder folder("ijb_print");
  const auto prints = [&](const std::string& more = "") {
    const auto data = source("ijb", folder.toml(more));
    return std::pair(data->fingerprint(), content_fingerprint_of(*data, {}));
  };
  const auto first = prints();
  CHECK(prints() == first);
  CHECK(prints("size = 224").second != first.second);
  std::string faces, rows;
  for (int i = 0; i < 4; ++i) {
    faces += fmt::format("{}.jpg 31{}\n", i, IjbFolder::face(i).substr(2));
    rows += fmt::format("{}.jpg {} 1\n", i, i);
  }
  folder.list("name_5pts_score", faces);
  const auto second = prints();
  CHECK(second.first != first.first);
  CHECK(second.second != first.second);
  folder.list("face_tid_mid", rows);
  CHECK(prints().second != second.second);
  const auto third = prints();
  std::filesystem::copy_file(folder.root() + "/loose_crop/1.jpg", folder.root() + "/loose_crop/2.jpg",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(prints().second != third.second);
}

}  // namespace
}  // namespace lafs::test
