#include "formats/event_writer.h"

#include <doctest/doctest.h>

#include <cstring>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;
using test::ScratchFolder;

namespace {

double wall_time(const std::string& payload) {
  double value;
  std::memcpy(&value, payload.data() + 1, sizeof value);
  return value;
}

}  // namespace

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
