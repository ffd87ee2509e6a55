#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "formats/face_records.h"
#include "imaging/align.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "support/skip.h"
#include "tiny.h"

namespace lafs::test {
namespace {

using Bytes = std::vector<uint8_t>;

std::string text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

Image pattern(int seed, int64_t height = 120, int64_t width = 100) {
  Bytes bytes;
  for (int64_t k = 0; k < height * width * 3; ++k) bytes.push_back(static_cast<uint8_t>((k * (seed + 3) / 11) ^ (k >> 7)));
  return imaging::image_of(height, width, std::move(bytes));
}

constexpr imaging::FivePoints points{{{35, 50}, {66, 52}, {50, 70}, {37, 90}, {63, 91}}};
const std::string pairs = "35 50 66 52 50 70 37 90 63 91", columns = "35 66 50 37 63 50 52 70 90 91";

Bytes bytes_of(const Image& image) { return {image.bytes.get(), image.bytes.get() + image.size()}; }

/// Pictures in two folders and beside them, and lists for them.
class Pictures {
 public:
  Pictures() {
    for (size_t i = 0; i < names.size(); ++i) {
      fs::create_directories((root() / names[i]).parent_path());
      write_bytes(root() / names[i],
                  text(i == 1 ? imaging::encode_jpeg(pattern(static_cast<int>(i))) : imaging::encode_png(pattern(static_cast<int>(i)))));
    }
    list(pairs);
  }
  /// The list has these numbers for every picture.
  void list(const std::string& numbers, size_t count = 4) const {
    std::string lines;
    for (size_t i = 0; i < count; ++i) lines += names[i] + " " + numbers + "\n";
    write_bytes(list_file(), lines);
  }
  fs::path root() const { return folder_ / "pictures"; }
  fs::path list_file() const { return folder_ / "list.txt"; }
  fs::path out() const { return folder_ / "out"; }
  fs::path operator/(const std::string& name) const { return folder_ / name; }

  Outcome align(const Arguments& more = {}) const {
    Arguments all{"align", root(), "--out", out(), "--landmarks", list_file(), "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return lafs(all);
  }
  std::string error(const Arguments& more = {}) const {
    const Outcome outcome = align(more);
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "");
    std::string all = outcome.err;
    for (const std::string path = folder_.path().string() + "/"; all.find(path) != std::string::npos;)
      all.erase(all.find(path), path.size());
    return all;
  }
  std::set<std::string> written() const {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(out()))
      if (entry.is_regular_file()) files.insert(entry.path().lexically_relative(out()).string());
    return files;
  }
  /// Nothing of an alignment is left.
  bool clean() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_.path())) ++count;
    return !fs::exists(out()) && count == 2;
  }

  const std::vector<std::string> names{"a/1.png", "a/2.jpg", "b/c/1.png", "flat.png"};

 private:
  ScratchFolder folder_;
};

TEST_CASE("align: a folder becomes a folder of the same names, without loss, whatever the number of threads") {
  const Pictures pictures;
  const Outcome outcome = pictures.align({"--threads", "1"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err == "\"list.txt\": its lines are picture, five points\n");
  CHECK(pictures.written() == std::set<std::string>{"a/1.png", "a/2.png", "b/c/1.png", "flat.png"});
  std::string sizes;
  uintmax_t bytes = 0;
  for (const std::string& name : pictures.names) {
    const fs::path file = (pictures.out() / name).replace_extension(".png");
    const Image expected = imaging::align(imaging::read_image(pictures.root() / name), points, imaging::face_template("arcface"));
    CHECK(bytes_of(imaging::read_image(file)) == bytes_of(expected));
    bytes += fs::file_size(file);
  }
  CHECK(outcome.out == fmt::format("4 pictures of 112 x 112 in {}, 0 left out, {} bytes\n", pictures.out().string(), bytes));
  const Outcome again =
      lafs({"align", pictures.root(), "--out", pictures / "again", "--landmarks", pictures.list_file(), "--threads", "5", "--quiet"});
  REQUIRE_MESSAGE(again.status == 0, again.err);
  for (const std::string& name : pictures.written()) CHECK(read_bytes(pictures.out() / name) == read_bytes(pictures / "again" / name));
}

TEST_CASE("align: columns are noticed, or told; a scale multiplies") {
  const Pictures pictures;
  REQUIRE(pictures.align().status == 0);
  const std::string right = read_bytes(pictures.out() / "flat.png");
  const auto other = [&](const std::string& numbers, const Arguments& more) {
    fs::remove_all(pictures.out());
    pictures.list(numbers);
    const Outcome outcome = pictures.align(more);
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    return std::pair(read_bytes(pictures.out() / "flat.png") == right, outcome.err);
  };
  CHECK(other(columns, {}) == std::pair(true, std::string("\"list.txt\": its lines are picture, five points, all x before all y\n")));
  CHECK(other(columns, {"--order", "columns"}).first);
  CHECK(!other(columns, {"--order", "pairs"}).first);
  CHECK(!other(pairs, {"--order", "columns"}).first);
  CHECK(other("70 100 132 104 100 140 74 180 126 182", {"--scale", "0.5"}).first);
}

TEST_CASE("align: templates, sizes and JPEG") {
  const Pictures pictures;
  const Outcome outcome = pictures.align({"--template", "sphereface", "--size", "224", "--format", "jpeg", "--quality", "80", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json["pictures"] == 4);
  CHECK(json["height"] == 224);
  CHECK(json["width"] == 192);
  CHECK(json["template"] == "sphereface");
  CHECK(json["left_out"].empty());
  const Image expected =
      imaging::align(imaging::read_image(pictures.root() / "flat.png"), points, imaging::face_template("sphereface", 224));
  CHECK(read_bytes(pictures.out() / "flat.jpg") == text(imaging::encode_jpeg(expected, 80)));
  CHECK(Pictures().error({"--size", "120"}) ==
        "lafs: error: the template \"arcface\" has a size that is a multiple of 112 or of 128, not 120\n");
}

TEST_CASE("align: a record set has a person a folder") {
  const Pictures pictures;
  const Outcome outcome = pictures.align({"--to", "records"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const formats::FaceRecords set(pictures.out() / "train.rec", {});
  REQUIRE(set.size() == 4);
  const Image expected = imaging::align(imaging::read_image(pictures.root() / "b/c/1.png"), points, imaging::face_template("arcface"));
  CHECK(bytes_of(imaging::decode_image(set.picture(3))) == bytes_of(expected));
  CHECK(read_bytes(pictures.out() / "property") == "3,112,112\n");
  CHECK(read_bytes(pictures.out() / "identities.tsv").find("b/c") != std::string::npos);
}

TEST_CASE("align: pictures without landmarks are an error that names them, or left out and listed") {
  const Pictures pictures;
  pictures.list(pairs, 2);
  CHECK(pictures.error() ==
        "\"list.txt\": its lines are picture, five points\n"
        "lafs: error: pictures without a face: 2 of 4:\n"
        "  image 2 \"b/c/1.png\": the list has no landmarks for it\n"
        "  image 3 \"flat.png\": the list has no landmarks for it\n"
        "nothing was written; --missing skip leaves them out\n");
  CHECK(pictures.clean());
  const Outcome outcome = pictures.align({"--missing", "skip", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err.find("pictures left out: 2:\n  image 2 \"b/c/1.png\": the list has no landmarks for it\n") != std::string::npos);
  CHECK(nlohmann::json::parse(outcome.out)["left_out"][1]["picture"] == "flat.png");
  CHECK(pictures.written() == std::set<std::string>{"a/1.png", "a/2.png"});
}

TEST_CASE("align: damaged pictures and impossible landmarks are told together") {
  const Pictures pictures;
  write_bytes(pictures.root() / "a/2.jpg", "no picture");
  CHECK(pictures.error() ==
        "\"list.txt\": its lines are picture, five points\n"
        "lafs: error: pictures that cannot be read: 1 of 4; nothing was written; --missing skip leaves them out:\n"
        "  \"pictures/a/2.jpg\": is not a JPEG, PNG, WebP, BMP, TIFF or PNM image\n");
  CHECK(pictures.clean());
  write_bytes(pictures.list_file(), read_bytes(pictures.list_file()) + "# comment\n");
  CHECK(pictures.error() == "list.txt:5: error: \"comment\" is not a number\n");
  pictures.list("5 5 5 5 5 5 5 5 5 5");
  CHECK(pictures.error().find("image 0 \"a/1.png\": line 1 of the list: all five landmarks are the same point\n") != std::string::npos);
  pictures.list(pairs);
  for (const char* to : {"folder", "records"}) {
    const Outcome outcome = pictures.align({"--missing", "skip", "--to", to});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    CHECK(outcome.out.find("3 pictures of 112 x 112 in ") == 0);
    CHECK(outcome.out.find(", 1 left out, ") != std::string::npos);
    fs::remove_all(pictures.out());
  }
}

TEST_CASE("align: nothing that is there is touched") {
  const Pictures pictures;
  fs::create_directories(pictures.out());
  write_bytes(pictures.out() / "mine.txt", "mine");
  CHECK(pictures.error().find("lafs: error: \"out\" is not empty: it holds \"mine.txt\"; give a new folder\n") != std::string::npos);
  CHECK(read_bytes(pictures.out() / "mine.txt") == "mine");
  fs::remove(pictures.out() / "mine.txt");
  CHECK(pictures.align().status == 0);  // an empty folder is taken
  CHECK(pictures.written().size() == 4);
  CHECK(pictures.error({"--to", "records"}).find("which does not belong to a record set") != std::string::npos);
  const auto into = [&](const fs::path& out) {
    return lafs({"align", pictures.root(), "--out", out, "--landmarks", pictures.list_file()}).err;
  };
  CHECK(into(pictures.root() / "aligned") ==
        fmt::format("lafs: error: the output \"{0}/aligned\" lies in the folder of the pictures, \"{0}\"; give another\n",
                    pictures.root().string()));
  CHECK(into(pictures.root()) == fmt::format("lafs: error: the output \"{0}\" lies in the folder of the pictures, \"{0}\"; give another\n",
                                             pictures.root().string()));
  CHECK(into(pictures / "") == fmt::format("lafs: error: the pictures \"{0}\" lie in the output folder \"{1}\"; give another\n",
                                           pictures.root().string(), (pictures / "").string()));
}

TEST_CASE("align: two pictures that would become one file are refused") {
  const Pictures pictures;
  write_bytes(pictures.root() / "flat.jpg", text(imaging::encode_jpeg(pattern(9))));
  write_bytes(pictures.list_file(), read_bytes(pictures.list_file()) + "flat.jpg " + pairs + "\n");
  CHECK(pictures.error().find("lafs: error: \"flat.jpg\" and \"flat.png\" would both become \"flat.png\"; keep one of them\n") !=
        std::string::npos);
  CHECK(pictures.clean());
}

TEST_CASE("align: of several faces the large one near the centre is taken") {
  const Pictures pictures;
  std::string lines;
  for (const std::string& name : pictures.names) {
    lines += fmt::format("# {}\n", name);
    for (const char* box : {"0 0 20 20", "20 20 60 80"}) {
      const std::string x = std::string(box) == "0 0 20 20" ? "1" : "3";
      lines += fmt::format("{} {}5 50 0 66 52 0 50 70 0 37 90 0 63 91 0 0.9\n", box, x);
    }
  }
  write_bytes(pictures.list_file(), lines);
  const Outcome outcome = pictures.align();
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err ==
        "\"list.txt\": its lines are RetinaFace's: \"# picture\", then box and five points of each face\n"
        "\"list.txt\": pictures with several faces: 4, the first is \"a/1.png\"; of each the face that is large and near the centre is "
        "taken\n");
  const Image expected = imaging::align(imaging::read_image(pictures.root() / "flat.png"), points, imaging::face_template("arcface"));
  CHECK(bytes_of(imaging::read_image(pictures.out() / "flat.png")) == bytes_of(expected));
}

TEST_CASE("align: a list of other pictures says how the names differ") {
  const Pictures pictures;
  write_bytes(pictures.list_file(), "faces/a/1.png " + pairs + "\n");
  CHECK(pictures.error().find(
            "lafs: error: the list \"list.txt\" has no landmarks for any of the 4 pictures in \"pictures\": the first picture is "
            "\"a/1.png\", the first in the list \"faces/a/1.png\"") == 0);
  write_bytes(pictures.list_file(), "");
  CHECK(pictures.error() == "lafs: error: the list \"list.txt\" names no pictures\n");
}

TEST_CASE("align: wrong uses and models are told before any work") {
  const Pictures pictures;
  const auto said = [&](const Arguments& more) {
    Arguments all{"align", pictures.root(), "--out", pictures.out(), "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return lafs(all).err;
  };
  CHECK(said({}) == "lafs: error: name where the faces are: --landmarks LIST, or --detector MODEL\n");
  CHECK(said({"--landmarks", pictures.list_file(), "--detector", "yunet.onnx"}) ==
        "lafs: error: give --landmarks or --detector, not both\n");
  const auto idle = [](const std::string& option, const std::string& where) {
    return "lafs: error: " + option + " has no effect " + where + "; leave it out\n";
  };
  CHECK(said({"--detector", "yunet.onnx", "--order", "auto"}) == idle("--order", "with --detector"));
  CHECK(said({"--detector", "yunet.onnx", "--scale", "2"}) == idle("--scale", "with --detector"));
  CHECK(said({"--landmarks", pictures.list_file(), "--score", "0.5"}) == idle("--score", "with --landmarks"));
  CHECK(said({"--landmarks", pictures.list_file(), "--quality", "80"}) == idle("--quality", "with --format png"));
  CHECK(said({"--detector", pictures / "yunet.onnx"}) ==
        fmt::format("lafs: error: the model \"{}\" is not a file\n", (pictures / "yunet.onnx").string()));
  write_bytes(pictures / "yunet.onnx", "no model");
  const std::string wrong = said({"--detector", pictures / "yunet.onnx"});
  CHECK(wrong.find(fmt::format("lafs: error: \"{}\" is not a YuNet model that this OpenCV runs: ", (pictures / "yunet.onnx").string())) ==
        0);
  CHECK(wrong.find("; OpenCV 4.5.4 to 4.7 run face_detection_yunet_2022mar.onnx, from 4.8 on it is face_detection_yunet_2023mar.onnx\n") !=
        std::string::npos);
  fs::remove(pictures / "yunet.onnx");
  CHECK(pictures.clean());
}

/// A dark picture with a white square at a column and row.
Image square(int64_t side, int64_t at_x, int64_t at_y, int64_t size) {
  Bytes bytes(static_cast<size_t>(size * size * 3), 20);
  for (int64_t y = 0; y < side; ++y)
    for (int64_t k = 0; k < 3 * side; ++k) bytes[static_cast<size_t>(((at_y + y) * size + at_x) * 3 + k)] = 255;
  return imaging::image_of(size, size, std::move(bytes));
}

/// A JPEG whose EXIF data says that it is to be turned.
std::string lying_jpeg(const Image& picture) {
  const std::string jpeg = text(imaging::encode_jpeg(picture));
  using namespace std::string_literals;
  const std::string exif = "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"s;
  return jpeg.substr(0, 2) + "\xff\xe1"s + '\0' + static_cast<char>(exif.size() + 2) + exif + jpeg.substr(2);
}

TEST_CASE("align: photographs that would be turned, and files that are not read, are counted") {
  const Pictures pictures;
  write_bytes(pictures.root() / "a/2.jpg", lying_jpeg(pattern(1)));
  write_bytes(pictures.root() / "a/phone.HEIC", "no");
  write_bytes(pictures.root() / "b/phone.heic", "no");
  write_bytes(pictures.root() / "b/README", "no");
  const std::string list = "\"list.txt\": its lines are picture, five points\n";
  const std::string others = "files that are not read: 2 .heic, 1 without an ending; convert photographs among them to JPEG or PNG\n";
  const Outcome stored = pictures.align();
  CHECK(stored.status == 0);
  CHECK(stored.err == others +
                          "pictures that their EXIF data says to turn: 1, the first \"a/2.jpg\"; they are taken as they are stored, "
                          "--exif apply turns them\n" +
                          list);
  fs::remove_all(pictures.out());
  CHECK(pictures.align({"--exif", "apply"}).err == others + list);
  for (const std::string& name : pictures.names) fs::remove(pictures.root() / name);
  CHECK(pictures.error() == "lafs: error: \"pictures\" holds no pictures, but files that are not read: 2 .heic, 1 without an ending\n");
}

TEST_CASE("align: points that lie outside of their pictures are told, as those of a list that was measured at another size") {
  const Pictures pictures;
  const std::string warning =
      "warning: points that lie outside of their picture: those of 4 of 4 pictures, the first \"a/1.png\"; if the list was measured on "
      "pictures of another size, give --scale\n";
  const Outcome outcome = pictures.align({"--scale", "1.7"});
  CHECK(outcome.status == 0);
  CHECK(outcome.err.ends_with(warning));
  fs::remove_all(pictures.out());
  const Outcome json = pictures.align({"--scale", "1.7", "--json"});
  CHECK(nlohmann::json::parse(json.out)["points_outside"].size() == 4);
  fs::remove_all(pictures.out());
  CHECK(pictures.align().err.find("warning") == std::string::npos);
}

TEST_CASE("align: a detector finds the points; a picture in which it finds none is left out, or an error") {
  const ScratchFolder folder;
  const fs::path root = folder / "squares", model = fs::path(LAFS_TEST_SOURCE) / "tests/support/yunet/tiny_yunet.onnx";
  fs::create_directories(root);
  // The network sees a face where 8 x 8 pixels are white. The large picture is halved for it.
  const Image small = square(8, 48, 64, 128), large = square(16, 96, 128, 1280), dark = square(0, 0, 0, 128);
  write_bytes(root / "small.png", text(imaging::encode_png(small)));
  write_bytes(root / "large.png", text(imaging::encode_png(large)));
  write_bytes(root / "dark.png", text(imaging::encode_png(dark)));
  const auto run = [&](const Arguments& more) {
    Arguments all{"align", root, "--detector", model, "--out", folder / "out", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return test::lafs(all);
  };
  CHECK(
      run({}).err ==
      "lafs: error: pictures without a face: 1 of 3:\n  image 0 \"dark.png\": no face was found in it\nnothing was written; --missing skip "
      "leaves them out\n");
  const Outcome outcome = run({"--missing", "skip", "--threads", "3"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err == "pictures left out: 1:\n  image 0 \"dark.png\": no face was found in it\n");
  imaging::FivePoints expected{{{50, 66}, {54, 66}, {52, 68}, {50.5F, 70}, {53.5F, 70}}};
  const auto similar = [&](const std::string& name, const Image& picture) {
    const Image ours = imaging::read_image(folder / "out" / name),
                right = imaging::align(picture, expected, imaging::face_template("arcface"));
    int64_t off = 0;
    for (int64_t i = 0; i < ours.size(); ++i) off += std::abs(ours.bytes.get()[i] - right.bytes.get()[i]);
    return static_cast<double>(off) / static_cast<double>(ours.size()) < 0.5;  // the network computes in float32
  };
  CHECK(similar("small.png", small));
  for (imaging::Point& point : expected) point = {2 * point.x, 2 * point.y};
  CHECK(similar("large.png", large));
}

TEST_CASE("align: a detector that finds several faces in a picture says so, and the one near the centre is taken") {
  const ScratchFolder folder;
  const fs::path root = folder / "squares", model = fs::path(LAFS_TEST_SOURCE) / "tests/support/yunet/tiny_yunet.onnx";
  fs::create_directories(root);
  Bytes both = bytes_of(square(8, 48, 64, 128));
  write_bytes(root / "one.png", text(imaging::encode_png(imaging::image_of(128, 128, Bytes(both)))));
  const Bytes corner = bytes_of(square(8, 8, 8, 128));
  for (size_t i = 0; i < both.size(); ++i) both[i] = std::max(both[i], corner[i]);
  write_bytes(root / "two.png", text(imaging::encode_png(imaging::image_of(128, 128, std::move(both)))));
  const Outcome outcome = test::lafs({"align", root, "--detector", model, "--out", folder / "out", "--quiet"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err ==
        "pictures with several faces: 1, the first is \"two.png\"; of each the face that is large and near the centre is taken\n");
  CHECK(read_bytes(folder / "out/two.png") == read_bytes(folder / "out/one.png"));
}

/// Pearson's correlation of two pictures of one size.
double correlation(const Image& a, const Image& b) {
  const auto n = static_cast<double>(a.size());
  double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double x = a.bytes.get()[i], y = b.bytes.get()[i];
    sa += x, sb += y, saa += x * x, sbb += y * y, sab += x * y;
  }
  return (sab - sa * sb / n) / std::sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
}

TEST_CASE("align: LFW by its list of landmarks is LFW as others aligned it") {
  const char* data = std::getenv("LAFS_TEST_DATA");
  if (!data) data = std::getenv("LAFS_DATA");
  const fs::path lfw = fs::path(data ? data : "") / "lfw";
  if (!data || !fs::is_directory(lfw / "original150_fold2")) {
    skip("align: neither LAFS_TEST_DATA nor LAFS_DATA names a folder that holds lfw/original150_fold2");
    return;
  }
  const ScratchFolder folder;
  // The pictures are 150 wide, and the landmarks were measured on 250.
  const Outcome outcome = test::lafs({"align", lfw / "original150_fold2", "--landmarks", lfw / "lists" / "lfw_landmark.txt", "--scale",
                                      "0.6", "--out", folder / "out", "--quiet"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  std::vector<double> found;
  for (const auto& entry : fs::recursive_directory_iterator(lfw / "arcface112_fold2")) {
    if (!imaging::is_image_name(entry.path())) continue;
    const fs::path name = entry.path().lexically_relative(lfw / "arcface112_fold2");
    const Image ours = imaging::read_image((folder / "out" / name).replace_extension(".png")), theirs = imaging::read_image(entry.path());
    found.push_back(correlation(ours, theirs));
  }
  std::sort(found.begin(), found.end());
  REQUIRE(found.size() > 100);
  const double median = found[found.size() / 2];
  MESSAGE("median correlation of ", found.size(), " pictures: ", median, ", 1st percentile ", found[found.size() / 100]);
  CHECK(median > 0.96);
}

}  // namespace
}  // namespace lafs::test
