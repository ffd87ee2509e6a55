#include "formats/face_records.h"

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/face_writer.h"
#include "lafs/error.h"
#include "support/bytes.h"
#include "support/face_set.h"
#include "support/generated_text.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;

const fs::path vectors = fs::path(LAFS_TEST_GOLDEN) / "vectors";

TEST_CASE("face records: a set without a property file is read, and says so") {
  const formats::FaceRecords plain(vectors / "plain.rec", {});
  REQUIRE(plain.warnings().size() == 1);
  CHECK(plain.warnings()[0] == "\"" + (vectors / "property").string() + "\" is missing; classes are counted from the labels");
}

TEST_CASE("face records: the writer makes the vector byte by byte") {
  const ScratchFolder folder;
  formats::FaceWriter writer(folder / "faces.rec", formats::FaceWriter::Style::range);
  const std::array<int64_t, 7> labels{0, 0, 0, 1, 1, 2, 2};
  for (size_t i = 0; i < labels.size(); ++i) writer.add(labels[i], bytes(fmt::format("IMG{}", i + 1)));
  writer.finish();
  CHECK(read_bytes(folder / "faces.rec") == read_bytes(vectors / "faces.rec"));
  CHECK(read_bytes(folder / "faces.idx") == read_bytes(vectors / "faces.idx"));
  CHECK(formats::property_text(3, 112, 112) == read_bytes(vectors / "faces.property"));
  CHECK(formats::property_text(3, 112, 110, 7) == "3,112,110\n7\n");
}

TEST_CASE("face records: the writer keeps to what readers can hold") {
  const ScratchFolder folder;
  formats::FaceWriter writer(folder / "x.rec", formats::FaceWriter::Style::range);
  writer.add(4, bytes("a"));
  writer.add(6, bytes("b"));
  CHECK_THROWS_WITH_AS(writer.add(5, bytes("c")), "label 5 follows label 6; range style needs them in order", Error);
  for (const int64_t label : {int64_t{-1}, int64_t{16777217}, int64_t{3000000000}}) {
    CHECK_THROWS_WITH_AS(
        writer.add(label, bytes("c")),
        fmt::format("label {} is outside [0, 16777216], the numbers that the format holds exactly; number identities from 0, as "
                    "renumber = true of record_set does",
                    label)
            .c_str(),
        Error);
  }
  CHECK_THROWS_WITH_AS(writer.add(16777216, bytes("c")), "range style holds fewer than 16777216 records; plain style holds more", Error);
}

TEST_CASE("face records: labels that start elsewhere, and an identity without pictures, are read as written") {
  const ScratchFolder folder;
  formats::FaceWriter writer(folder / "x.rec", formats::FaceWriter::Style::range);
  for (const int64_t label : {40, 40, 41, 43}) writer.add(label, bytes("x"));
  writer.finish();
  const formats::FaceRecords set(folder / "x.rec", {});
  CHECK(listing(set) == "1=40:x 2=40:x 3=41:x 4=43:x ");
  CHECK(set.largest_label() == 43);
}

TEST_CASE("face records: a class is that of the picture's own record") {
  std::vector<Entry> entries = two_people();
  entries[1].labels[0] = 1;
  const Set set(entries);
  const formats::FaceRecords ranges = set.open();
  CHECK(ranges.label(1) == 0);
  CHECK_THROWS_WITH_AS(ranges.picture(1), (set.name() + ": key 2: its record says class 1, its range 0").c_str(), Error);
  CHECK(listing(set.open(true)) == "1=0:jpeg 2=1:jpeg 3=1:jpeg ");
  entries[2].labels[0] = 8;
  CHECK(listing(Set(entries).open()) == "1=0:jpeg 2=1:jpeg 3=8:jpeg ");
}

TEST_CASE("face records: keys above 2^24 survive the rounding of their ranges") {
  const auto big = [](uint64_t more) { return (uint64_t{1} << 24) + more; };
  const auto rounded = [&](uint64_t more) { return static_cast<float>(big(more)); };
  // Identities of 3, 2 and 2 pictures from 2^24 - 2 on: borders at +1, +3 and +5, of which `f32` holds none.
  const Set set({picture(big(0) - 2, 0),
                 picture(big(0) - 1, 0),
                 picture(big(0), 0),
                 picture(big(1), 1),
                 picture(big(2), 1),
                 picture(big(3), 2),
                 picture(big(4), 2),
                 range(big(5), static_cast<float>(big(0) - 2), rounded(1)),
                 range(big(6), rounded(1), rounded(3)),
                 range(big(7), rounded(3), rounded(5)),
                 {0, {rounded(5), rounded(8)}, true, "", 1}});
  REQUIRE(rounded(5) != static_cast<double>(big(5)));
  CHECK(listing(set.open()) == fmt::format("{}=0:jpeg {}=0:jpeg {}=0:jpeg {}=1:jpeg {}=1:jpeg {}=2:jpeg {}=2:jpeg ", big(0) - 2, big(0) - 1,
                                           big(0), big(1), big(2), big(3), big(4)));
}

TEST_CASE("face records: a missing index is made again, and said") {
  const Set set(two_people());
  fs::remove(formats::index_of(set.file()));
  CHECK(listing(set.open()) == "1=0:jpeg 2=0:jpeg 3=1:jpeg ");
  CHECK(set.warnings() == "\"train.idx\" is missing; the index was made from the records\n");
}

TEST_CASE("face records: a range that goes on into the identities is cut and told") {
  const Set set({picture(1, 0), picture(2, 0), picture(3, 1), range(4, 1, 3), range(5, 3, 9), {0, {4, 6}, true, ""}});
  CHECK(listing(set.open()) == "1=0:jpeg 2=0:jpeg 3=1:jpeg ");
  CHECK(set.warnings() == "\"train.rec\": key 5: the range of an identity, 3 to 9, is read up to 4, where the pictures end\n");
}

TEST_CASE("face records: gaps between ranges are counted, overlaps refused") {
  const Set gaps({picture(2, 0), picture(5, 1), range(6, 2, 3), range(7, 5, 6), {0, {6, 8}, true, ""}});
  CHECK(listing(gaps.open()) == "2=0:jpeg 5=1:jpeg ");
  CHECK(gaps.warnings() == "\"train.rec\": 2 gaps between the ranges of identities leave out 3 keys\n");
  CHECK(Set({picture(1, 0), picture(2, 0), range(3, 1, 3), range(4, 2, 3), {0, {3, 5}, true, ""}}).refusal() ==
        "key 4: expected a range from key 3 on, found 2 to 3, which overlaps");
}

TEST_CASE("face records: pictures with lists of labels are no header") {
  const Set set({{0, {2, 0.5f}, true, "a"}, {1, {1, 7}, true, "b"}});
  CHECK(listing(set.open()) == "0=2:a 1=1:b ");
  CHECK(set.warnings() == "\"train.rec\": record 0 has 2 labels and a picture, so the set is read as plain\n");
}

TEST_CASE("face records: an id that is not the key is said once, a count that is wrong too") {
  const Set set({picture(3, 0), picture(1, 1)}, "2,112,112\n3\n");
  write_bytes(formats::index_of(set.file()), "5\t0\n6\t36\n");
  CHECK(listing(set.open()) == "5=0:jpeg 6=1:jpeg ");
  CHECK(set.warnings() ==
        "\"train.rec\": key 5: its record has another id; keys of the index are used\n"
        "\"train.rec\": the property file says 3 pictures, there are 2\n");
  CHECK(Set({picture(1, 0)}, "").warnings() == "\"property\" is missing; classes are counted from the labels\n");
}

TEST_CASE("face records: what is malformed is reported with its key") {
  const auto header = [](std::vector<float> labels) { return Set({picture(1, 0), {0, std::move(labels), true, ""}}).refusal(); };
  CHECK(header({1, 2, 3}) == "key 0: expected 2 labels of the header record, found 3");
  CHECK(header({3, 2}) == "key 0: expected keys of identities, the first from 1, found 3 to 2");
  CHECK(header({0, 2}) == "key 0: expected keys of identities, the first from 1, found 0 to 2");
  CHECK(header({1.5f, 2}) == "key 0: expected a label that is a whole number from 0, found 1.5");
  const Set outside({picture(1, 0), {0, {7, 8}, true, ""}});
  CHECK(outside.refusal() == "key 7 is not in \"" + formats::index_of(outside.file()).string() + "\"");
  CHECK(Set({picture(1, 0), picture(2, 0, ""), {0, {2, 3}, true, ""}}).refusal() ==
        "key 2: expected 2 labels of an identity record, found 0");
  CHECK(Set({picture(1, 0), {2, {1, 2}, true, "x"}, {0, {2, 3}, true, ""}}).refusal() ==
        "key 2: expected an identity record without a picture, found 1 bytes");
  CHECK(Set({picture(1, 0), range(2, 2, 1), {0, {2, 3}, true, ""}}).refusal() == "key 2: expected a range of keys below 2, found 2 to 1");
  CHECK(Set({picture(1, 0), range(2, 1, 1.5f), {0, {2, 3}, true, ""}}).refusal() ==
        "key 2: expected a label that is a whole number from 0, found 1.5");
  const Set lacking({picture(1, 0), range(3, 1, 3), {0, {3, 4}, true, ""}});
  CHECK(lacking.refusal() == "key 2 is not in \"" + formats::index_of(lacking.file()).string() + "\"");
  const Set empty({range(2, 1, 1), {0, {2, 3}, true, ""}});
  CHECK(empty.refusal() == empty.name() + " holds no pictures");
}

TEST_CASE("face records: a malformed picture of a plain set is reported with its key") {
  CHECK(Set({picture(4, -1)}).refusal() == "key 4: expected a label that is a whole number from 0, found -1");
  CHECK(Set({picture(4, 0.5f)}).refusal() == "key 4: expected a label that is a whole number from 0, found 0.5");
  CHECK(Set({picture(4, std::numeric_limits<float>::quiet_NaN())}).refusal() ==
        "key 4: expected a label that is a whole number from 0, found nan");
  CHECK(Set({picture(3, 0), picture(4, 0, "")}).refusal() == "key 4: expected a picture, found nothing");
  CHECK(Set({picture(3, 0), range(4, 1, 2)}).refusal() == "key 4: expected a picture, found nothing");
  const auto raw = [](const std::string& payload) {
    const Set set({picture(3, 0)});
    formats::RecordWriter writer(set.file());
    writer.write(9, bytes(payload));
    writer.finish();
    return set.refusal();
  };
  CHECK(raw("") == "key 9: expected a header of 24 bytes, found 0");
  CHECK(raw(std::string(23, '\0')) == "key 9: expected a header of 24 bytes, found 23");
  CHECK(raw(std::string("\1\0\0\0", 4) + std::string(20, '\0')) == "key 9: expected 28 bytes for 1 labels, found 24");
  CHECK(raw("\xff\xff\xff\xff" + std::string(40, '\0')) == "key 9: expected at most 1048576 labels, found 4294967295");
}

TEST_CASE("face records: a property file is read with blanks and a second line") {
  const ScratchFolder folder;
  const auto refusal = [&](const std::string& text) {
    write_bytes(folder / "property", text);
    try {
      formats::read_property(folder / "property");
    } catch (const Error& error) {
      return std::string(error.what()).substr(folder.path().string().size() + 1);
    }
    return std::string("no error");
  };
  CHECK(refusal(" 5 , 112,\t96\r\n12\n\n") == "no error");
  const formats::FaceProperty property = formats::read_property(folder / "property");
  CHECK(property.classes == 5);
  CHECK(property.height == 112);
  CHECK(property.width == 96);
  CHECK(property.pictures == 12);
  CHECK(refusal("") == "property:1: error: expected \"classes,height,width\", found an empty file");
  CHECK(refusal("5,112\n") == "property:1: error: expected \"classes,height,width\", found \"5,112\"");
  CHECK(refusal("5,112,x\n") == "property:1: error: expected \"classes,height,width\", found \"5,112,x\"");
  CHECK(refusal("5,0,112\n") == "property:1: error: expected a height and a width from 1, found \"5,0,112\"");
  CHECK(refusal("5,112,112\nmany\n") == "property:2: error: expected a number of pictures, found \"many\"");
  CHECK(refusal("5,112,112\n5\n6\n") == "property:3: error: expected at most 2 lines, found \"6\"");
  CHECK(refusal(std::string("\xff\xfe") + "5") ==
        "property:1: error: the file is UTF-16 text; save it as UTF-8, as \"iconv -f UTF-16 -t UTF-8\" does");
  int wrong = 0;
  for (uint64_t n = 0; n < 100; ++n) {
    TextMaker make(n);
    const int64_t classes = make.number(0, 1000), height = make.number(1, 200), pictures = make.number(-1, 500);
    std::vector<std::string> lines{fmt::format("{},{} ,\t{}", classes, height, 96)};
    if (pictures >= 0) lines.push_back(fmt::format("{}", pictures));
    write_bytes(folder / "property", make.file_of(lines));
    const formats::FaceProperty read = formats::read_property(folder / "property");
    wrong += read.classes == classes && read.height == height && read.width == 96 && read.pictures.value_or(-1) == pictures ? 0 : 1;
  }
  MESSAGE("read 100 generated property files");
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace lafs::test
