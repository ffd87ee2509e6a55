#include "formats/event_writer.h"

#include <doctest/doctest.h>

#include <cstring>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;
using nlohmann::json;
using test::ScratchFolder;

namespace {

std::string payload_of(const json& record) { return test::from_hex(record["payload_hex"]); }
double wall_time(const std::string& payload) {
  double value;
  std::memcpy(&value, payload.data() + 1, sizeof value);
  return value;
}

}  // namespace

TEST_CASE("event_writer: checksums equal the published values") {
  for (const json all = test::vector("tensorboard_events.json")["crc32c_checks"]; const json& check : all) {
    const std::string bytes = test::from_hex(check["hex"]);
    if (check.contains("crc")) CHECK(crc32c(bytes) == check["crc"].get<uint32_t>());
    if (check.contains("masked")) CHECK(masked_crc32c(bytes) == check["masked"].get<uint32_t>());
  }
}

TEST_CASE("event_writer: framing and our messages equal the recorded ones byte for byte") {
  const json records = test::vector("tensorboard_events.json")["records"];
  std::string stream;
  for (const json& record : records) {
    CHECK(tf_record(payload_of(record)) == test::from_hex(record["record_hex"]));
    stream += test::from_hex(record["record_hex"]);
  }
  CHECK(stream == test::read_bytes(std::filesystem::path(LAFS_TEST_GOLDEN) / "vectors/events.out.tfevents.1700000000.host"));
  const std::string version = payload_of(records[0]), scalar = payload_of(records[1]), negative = payload_of(records[5]);
  CHECK(version_event(wall_time(version)) == version);
  CHECK(scalar_event(wall_time(scalar), 7, "Accuracy/lfw_Accuracy", 0.5f) == scalar);
  CHECK(scalar_event(wall_time(negative), -1, "LR", 0.1f) == negative);
}

TEST_CASE("event_writer: a zero value is written, a zero step is left out, and tags are made plain") {
  CHECK(scalar_event(0, 0, "//a b\"c", 0) == test::from_hex("090000000000000000"
                                                            "2a0e0a0c0a05615f625f63"
                                                            "1500000000"));
}

TEST_CASE("event_writer: a file holds its version and one record a number, readable while it is open") {
  const ScratchFolder folder;
  EventWriter writer(folder / "new/logs");
  writer.scalar("train/loss", 3, 1.25);
  writer.flush();
  const std::string bytes = test::read_bytes(writer.file());
  const std::string version = tf_record(version_event(wall_time(bytes.substr(12))));
  REQUIRE(bytes.starts_with(version));
  const std::string rest = bytes.substr(version.size());
  CHECK(rest == tf_record(scalar_event(wall_time(rest.substr(12)), 3, "train/loss", 1.25f)));
  CHECK(writer.file().filename().string().starts_with("events.out.tfevents."));
  const EventWriter second(folder / "new/logs");
  CHECK(second.file() != writer.file());
}

TEST_CASE("event_writer: a folder that cannot be made is named") {
  const ScratchFolder folder;
  test::write_bytes(folder / "plain", "");
  CHECK_THROWS_WITH_AS(EventWriter(folder / "plain/logs"),
                       ("cannot write \"" + (folder / "plain/logs").string() + "\": Not a directory").c_str(), Error);
}
