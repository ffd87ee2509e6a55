#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "formats/face_records.h"
#include "formats/face_writer.h"
#include "formats/recordio.h"
#include "support/scratch.h"
#include "support/vector_record.h"

using namespace lafs;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

using Payload = std::vector<uint8_t>;

std::string text(const Payload& bytes) { return {bytes.begin(), bytes.end()}; }
Payload payload_of(const std::string& bytes) { return {bytes.begin(), bytes.end()}; }

const json& recorded() {
  static const json vector = test::read_vectors("recordio.json");
  return vector;
}

/// Copies of a set's files under the names that belong together; a set without a property file has none.
struct FaceSet {
  test::ScratchFolder folder;
  const json& record;
  fs::path rec;
  explicit FaceSet(const char* name) : record(recorded().at(name)), rec(folder / "train.rec") {
    fs::copy_file(test::recorded_file(record.at("rec")), rec);
    fs::copy_file(test::recorded_file(record.at("idx")), folder / "train.idx");
    if (record.contains("property")) fs::copy_file(test::recorded_file(record.at("property")), folder / "property");
  }
  formats::FaceHeader header(uint64_t key, std::string* body = nullptr) const {
    const formats::RecordFile file(rec);
    const auto index = formats::RecordIndex::read(folder / "train.idx", file.size());
    Payload payload;
    file.read(index.offset(index.at(key)), payload);
    const formats::FaceHeader header = formats::parse_face_header(payload);
    if (body) *body = text(payload).substr(header.body);
    return header;
  }
};

}  // namespace

TEST_SUITE("vectors_recordio") {
  TEST_CASE("records are read, and written again byte by byte") {
    const std::string magic = test::from_hex(recorded().at("magic_hex"));
    for (const auto& [set, record] : recorded().items()) {
      if (!record.is_object() || !record.contains("stream")) continue;
      CAPTURE(set);
      const fs::path path = test::recorded_file(record.at("stream"));
      const std::string stream = test::read_bytes(path);
      const formats::RecordFile file(path);
      const test::ScratchFolder folder;
      formats::RecordWriter writer(folder / "again.rec");
      uint64_t at = 0;
      for (size_t i = 0; i < record.at("records").size(); ++i) {
        const json& expected = record.at("records").at(i);
        CHECK(at == expected.at("offset"));
        const std::string encoded = test::from_hex(expected.at("encoded_hex")), payload = test::from_hex(expected.at("payload_hex"));
        CHECK(stream.substr(at, encoded.size()) == encoded);
        CHECK(encoded.starts_with(magic));
        Payload read;
        at = file.read(at, read);
        CHECK(text(read) == payload);
        writer.write(i, payload_of(payload));
      }
      CHECK(at == file.size());
      writer.finish();
      CHECK(test::read_bytes(folder / "again.rec") == stream);
    }
  }

  TEST_CASE("a set with ranges has the recorded people and pictures, and is written again byte by byte") {
    const FaceSet set("faces_with_ranges");
    const json& record = set.record;
    const auto zero = set.header(0);
    CHECK(json{{"flag", zero.flag}, {"label", zero.labels}, {"id", zero.id}, {"id2", zero.id2}} == record.at("header0"));
    for (const json& range : record.at("ranges")) CHECK(set.header(range.at("key")).labels == range.at("label").get<std::vector<float>>());
    const formats::FaceRecords faces(set.rec, {});
    CHECK(faces.style() == formats::FaceRecords::Style::range);
    const json& pictures = record.at("pictures");
    REQUIRE(faces.size() == static_cast<int64_t>(pictures.size()));
    std::vector<uint64_t> sequence;
    formats::FaceWriter writer(set.folder / "again.rec", formats::FaceWriter::Style::range);
    for (int64_t i = 0; i < faces.size(); ++i) {
      const json& expected = pictures.at(static_cast<size_t>(i));
      sequence.push_back(faces.key(i));
      CHECK(faces.key(i) == expected.at("key"));
      CHECK(faces.label(i) == expected.at("label"));
      CHECK(text(faces.picture(i)) == expected.at("body"));
      writer.add(faces.label(i), faces.picture(i));
    }
    CHECK(sequence == record.at("sequence").get<std::vector<uint64_t>>());
    writer.finish();
    CHECK(test::read_bytes(set.folder / "again.rec") == test::read_bytes(set.rec));
    CHECK(test::read_bytes(set.folder / "again.idx") == test::read_bytes(set.folder / "train.idx"));
    const auto property = formats::read_property(set.folder / "property");
    CHECK(faces.warnings().empty() == (property.classes == faces.largest_label() + 1));
    CHECK(formats::property_text(property.classes, property.height, property.width) == test::read_bytes(set.folder / "property"));
  }

  TEST_CASE("a set without ranges has the recorded labels and pictures") {
    const FaceSet set("plain_without_ranges");
    const formats::FaceRecords plain(set.rec, {});
    CHECK(plain.style() == formats::FaceRecords::Style::plain);
    const json& records = set.record.at("records");
    REQUIRE(plain.size() == static_cast<int64_t>(records.size()));
    for (int64_t i = 0; i < plain.size(); ++i) {
      const json& expected = records.at(static_cast<size_t>(i));
      CAPTURE(i);
      std::string body;
      const auto header = set.header(expected.at("key"), &body);
      CHECK(plain.key(i) == expected.at("key"));
      CHECK(header.flag == expected.at("flag"));
      CHECK(header.labels == expected.at("label").get<std::vector<float>>());
      CHECK(body == test::from_hex(expected.at("body_hex")));
      CHECK(plain.label(i) == formats::whole_label(header.labels.at(0)));
      CHECK(text(plain.picture(i)) == body);
    }
  }
}
