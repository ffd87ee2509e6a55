#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/face_records.h"
#include "formats/face_writer.h"
#include "imaging/encode.h"
#include "lafs/encoded_of.h"
#include "lafs/rng.h"
#include "materials.h"

using lafs::formats::FaceWriter;
using lafs::test::error_of;
using lafs::test::source;
using lafs::test::TempFolder;

namespace {

using Bytes = std::vector<uint8_t>;

/// A PNG of one colour.
Bytes picture(uint8_t red, uint8_t green = 0, uint8_t blue = 0) {
  return lafs::imaging::encode_png(
      {1, 1, std::shared_ptr<const uint8_t>(new uint8_t[3]{red, green, blue}, std::default_delete<uint8_t[]>())});
}

/// Pictures of these labels, red = 10 times the label plus the number of the picture.
void write(const TempFolder& folder, const std::string& name, const std::vector<int64_t>& labels, FaceWriter::Style style) {
  FaceWriter writer(folder / name, style);
  for (size_t i = 0; i < labels.size(); ++i) writer.add(labels[i], picture(static_cast<uint8_t>(10 * labels[i] + static_cast<int64_t>(i))));
  writer.finish();
  folder.write("property", lafs::formats::property_text(3, 1, 1));
}

std::string files(const std::string& path, const std::string& more = "") { return "files = [\"" + path + "\"]\n" + more; }

std::string listing(const lafs::DataSource& data) {
  std::string all;
  for (int64_t i = 0; i < data.size(); ++i)
    all += fmt::format("{}={}:{} ", data.key(i), data.identity(i), data.get(i).image.bytes.get()[0]);
  return all;
}

std::string opening(const std::string& toml) {
  return error_of([&] { source("record_set", toml); });
}
std::string in_recipe(const std::string& text) { return "inline.toml:1:1: error: data_source \"record_set\": " + text; }

}  // namespace

TEST_CASE("record_set: both styles, by file and by folder") {
  const TempFolder folder("record_set_styles");
  for (const auto style : {FaceWriter::Style::range, FaceWriter::Style::plain}) {
    write(folder, "train.rec", {0, 0, 1, 2}, style);
    const auto data = source("record_set", files(folder / "train.rec"));
    CHECK(data->identities() == 3);
    CHECK(lafs::test::consistent(*data));
    CHECK(lafs::test::same_from_threads(*data, 8));
    CHECK(listing(*data) == (style == FaceWriter::Style::range ? "1=0:0 2=0:1 3=1:12 4=2:23 " : "0=0:0 1=0:1 2=1:12 3=2:23 "));
    CHECK(source("record_set", files(folder.text()))->fingerprint() == data->fingerprint());
    for (const char* key : {"9", "01", "0/1", "", "x", "-1"}) CHECK(!data->find(key));
  }
}

TEST_CASE("record_set: shards share their people, and keys name the shard") {
  const TempFolder folder("record_set_shards");
  write(folder, "b.rec", {2, 1}, FaceWriter::Style::plain);
  write(folder, "a.rec", {0, 0, 1}, FaceWriter::Style::range);
  const auto data = source("record_set", files(folder.text()));
  CHECK(listing(*data) == "0/1=0:0 0/2=0:1 0/3=1:12 1/0=2:20 1/1=1:11 ");
  CHECK(data->identities() == 3);
  CHECK(lafs::test::consistent(*data));
  CHECK(!data->find("1"));
  CHECK(!data->find("2/0"));
  const auto listed = source("record_set", "files = [\"" + (folder / "b.rec") + "\", \"" + (folder / "a.rec") + "\"]");
  CHECK(listing(*listed) == "0/0=2:20 0/1=1:11 1/1=0:0 1/2=0:1 1/3=1:12 ");
  CHECK(listed->fingerprint() != data->fingerprint());
}

TEST_CASE("record_set: part of the people and of the pictures") {
  const TempFolder folder("record_set_part");
  write(folder, "train.rec", {0, 0, 1, 1, 1, 2}, FaceWriter::Style::range);
  const auto part = [&](const std::string& options) {
    const auto data = source("record_set", files(folder.text(), options));
    CHECK(lafs::test::consistent(*data));
    return listing(*data);
  };
  CHECK(part("first = 1") == "3=0:12 4=0:13 5=0:14 6=1:25 ");
  CHECK(part("first = 1\ncount = 1\nfraction = 0.7") == "3=0:12 4=0:13 ");
  CHECK(part("fraction = 0.5") == "1=0:0 2=0:1 3=1:12 ");
  CHECK(!source("record_set", files(folder.text(), "first = 1"))->find("1"));
  CHECK(opening(files(folder.text(), "first = 3")) == in_recipe("identities 3 to 3 were requested; there are 3"));
  CHECK(opening(files(folder.text(), "first = 1\ncount = 3")) == in_recipe("identities 1 to 3 were requested; there are 3"));
  CHECK(opening(files(folder.text(), "fraction = 0.1")) == in_recipe("fraction = 0.1 leaves no picture"));
}

TEST_CASE("record_set: red and blue change places when asked, and then no bytes are handed out") {
  const TempFolder folder("record_set_colour");
  FaceWriter writer(folder / "train.rec", FaceWriter::Style::plain);
  const Bytes bytes = picture(1, 2, 3);
  writer.add(0, bytes);
  writer.finish();
  const auto as_stored = source("record_set", files(folder.text())), swapped = source("record_set", files(folder.text(), "swap_rb = true"));
  CHECK(lafs::test::bytes_of(as_stored->get(0).image) == Bytes{1, 2, 3});
  CHECK(lafs::test::bytes_of(swapped->get(0).image) == Bytes{3, 2, 1});
  CHECK(as_stored->fingerprint() != swapped->fingerprint());
  REQUIRE(lafs::encoded_of(*as_stored));
  CHECK(lafs::encoded_of(*as_stored)->encoded(0) == bytes);
  CHECK(!lafs::encoded_of(*swapped));
}

TEST_CASE("record_set: damaged pictures are named when read, or left out and reported") {
  const TempFolder folder("record_set_damaged");
  FaceWriter writer(folder / "train.rec", FaceWriter::Style::range);
  writer.add(0, picture(1));
  writer.add(0, Bytes{1, 2, 3});
  writer.add(1, picture(2));
  writer.finish();
  const std::string reason = "\"" + (folder / "train.rec") + "\": key 2: is not a JPEG, PNG, WebP, BMP, TIFF or PNM image";
  CHECK(error_of([&] { source("record_set", files(folder.text()))->get(1); }) == reason);
  const auto rest = source("record_set", files(folder.text(), "on_damaged = \"skip\""));
  CHECK(listing(*rest) == "1=0:1 3=1:2 ");
  CHECK(rest->identities() == 2);
  CHECK(lafs::test::consistent(*rest));
  CHECK(dynamic_cast<const lafs::Skipping*>(rest.get())->skipped() == std::vector<std::string>{reason});
}

TEST_CASE("record_set: labels come from the records where they are asked for") {
  const TempFolder folder("record_set_labels");
  lafs::formats::RecordWriter writer(folder / "train.rec");
  const auto put = [&](uint64_t key, std::vector<float> labels, const Bytes& body) {
    writer.write(key, lafs::formats::face_record(labels, labels.size() > 1, key, 0, body));
  };
  put(1, {0}, picture(1));
  put(2, {1}, picture(2));
  put(3, {1}, picture(3));
  put(4, {1, 3}, {});
  put(5, {3, 4}, {});
  put(0, {4, 6}, {});
  writer.finish();
  CHECK(error_of([&] { source("record_set", files(folder.text()))->get(1); }) ==
        "\"" + (folder / "train.rec") + "\": key 2: its record says class 1, its range 0");
  CHECK(listing(*source("record_set", files(folder.text(), "labels = \"records\""))) == "1=0:1 2=1:2 3=1:3 ");
}

TEST_CASE("record_set: gaps between labels are reported, and renumbering leaves none and keeps the people apart, whatever the labels") {
  struct Notes final : lafs::test::BareAssembly {
    std::vector<std::string> said;
    void note(const std::string& text) override { said.push_back(text); }
  };
  lafs::Rng rng(9);
  int64_t tried = 0, gaps = 0;
  for (; tried < 60; ++tried) {
    const TempFolder folder("record_set_gaps");
    lafs::formats::RecordWriter writer(folder / "train.rec");
    std::set<int64_t> people;
    std::vector<int64_t> labels;
    const int64_t step = int64_t{1} << rng.integer(0, 31);
    for (int64_t n = rng.integer(1, 12); n > 0; --n) {
      labels.push_back(rng.integer(0, 5) % (tried % 5 + 1) * step / 2);
      if (step > 1 << 24) labels.back() = labels.back() / 1024 * 1024;
      const std::vector<float> one{static_cast<float>(labels.back())};
      writer.write(labels.size(), lafs::formats::face_record(one, false, labels.size(), 0, picture(1)));
      people.insert(labels.back());
    }
    writer.finish();
    folder.write("property", lafs::formats::property_text(*people.rbegin() + 1, 1, 1));
    Notes notes, quiet;
    const auto open = [&](const std::string& more, lafs::Assembly& assembly) {
      return lafs::test::make<lafs::DataSource>("record_set", files(folder.text(), more), assembly);
    };
    const auto as_written = open("", notes), renumbered = open("renumber = true", quiet);
    REQUIRE(as_written->identities() == *people.rbegin() + 1);
    CHECK(renumbered->identities() == static_cast<int64_t>(people.size()));
    for (int64_t i = 0; i < as_written->size(); ++i) {
      CHECK(as_written->identity(i) == labels[static_cast<size_t>(i)]);
      CHECK(renumbered->identity(i) == std::distance(people.begin(), people.find(labels[static_cast<size_t>(i)])));
    }
    CHECK(lafs::test::consistent(*renumbered));
    const int64_t there = as_written->identities(), filled = renumbered->identities();
    const bool gap = there != filled;
    gaps += gap;
    const auto said = [&](const Notes& notes) {
      return std::count_if(notes.said.begin(), notes.said.end(),
                           [](const std::string& text) { return text.find("have gaps") != std::string::npos; });
    };
    CHECK(said(notes) == gap);
    CHECK(said(quiet) == 0);
    if (!gap) CHECK(renumbered->fingerprint() == as_written->fingerprint());
    if (gap && people.contains(0)) {
      CHECK(notes.said.back() ==
            fmt::format(
                "\"{}\": labels have gaps: they go up to {}, and {} of these {} identities have no picture; a head gets a row for each, "
                "trained or not; renumber = true numbers the {} that have pictures from 0",
                folder / "train.rec", there - 1, there - filled, there, filled));
    }
  }
  CHECK(tried == 60);
  CHECK(gaps > 20);
}

TEST_CASE("record_set: a set given as something else says what it is") {
  const TempFolder folder("record_set_else");
  folder.write("lfw.bin", "GIF89a and more");
  CHECK(
      opening(files(folder / "lfw.bin")) ==
      in_recipe("\"" + (folder / "lfw.bin") +
                "\" is a GIF picture; name weights where weights are needed, and the folder of the pictures, or a list of them, where data "
                "is"));
}

TEST_CASE("record_set: what cannot be opened is reported with its name") {
  const TempFolder folder("record_set_wrong");
  CHECK(opening("") == in_recipe("files is empty; name at least one"));
  CHECK(opening(files("@data/x")) == in_recipe("the data root \"data\" is not set; give --set paths.data=DIR or set LAFS_DATA"));
  CHECK(opening(files(folder.text())) == in_recipe("the folder \"" + folder.text() + "\" holds no file that ends in \".rec\""));
  CHECK(opening(files(folder / "x.rec")) == in_recipe("\"" + (folder / "x.rec") + "\" cannot be read: No such file or directory"));
  folder.write("x.rec", "");
  CHECK(opening(files(folder / "x.rec")) == in_recipe("\"" + (folder / "x.rec") + "\" is empty"));
  write(folder, "y.rec", {0, 1}, FaceWriter::Style::range);
  folder.write("y.idx", "");
  CHECK(opening(files(folder / "y.rec")) ==
        in_recipe("\"" + (folder / "y.idx") + "\" is empty; without it the index is made from the records"));
  write(folder, "train.rec", {0, 1}, FaceWriter::Style::range);
  const auto data = source("record_set", files(folder.text()));
  CHECK(error_of([&] { data->get(2); }) == "image 2 is outside [0, 2)");
  CHECK(error_of([&] { dynamic_cast<const lafs::Encoded&>(*data).encoded(-1); }) == "image -1 is outside [0, 2)");
}

TEST_CASE("subset, concat: encoded bytes are those of the source, where every source has them") {
  const TempFolder folder("encoded_forward");
  write(folder, "train.rec", {0, 0, 1}, FaceWriter::Style::range);
  const std::string set = "{ use = \"record_set\", files = [\"" + folder.text() + "\"] }",
                    drawn = "{ use = \"synthetic_faces\", identities = 2, size = 32 }";
  const auto subset = source("subset", "source = " + set + "\nfirst = 1");
  REQUIRE(lafs::encoded_of(*subset));
  CHECK(lafs::encoded_of(*subset)->encoded(0) == picture(12));
  const auto both = source("concat", "sources = [" + set + ", " + set + "]");
  REQUIRE(lafs::encoded_of(*both));
  CHECK(lafs::encoded_of(*both)->encoded(4) == picture(1));
  const auto mixed = source("concat", "sources = [" + set + ", " + drawn + "]"), of_drawn = source("subset", "source = " + drawn);
  CHECK(!lafs::encoded_of(*mixed));
  CHECK(!lafs::encoded_of(*of_drawn));
  CHECK(error_of([&] { dynamic_cast<const lafs::Encoded&>(*mixed).encoded(3); }) == "not all sources have encoded pictures");
  CHECK(error_of([&] { dynamic_cast<const lafs::Encoded&>(*of_drawn).encoded(0); }) == "the source has no encoded pictures");
}
