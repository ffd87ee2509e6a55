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
  CHECK(scalar_event({0, 0, "//a b\"c"}, 0) == test::from_hex("090000000000000000"
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
  CHECK(rest == tf_record(scalar_event({wall_time(rest.substr(12)), 3, "train/loss"}, 1.25f)));
  CHECK(writer.file().filename().string().starts_with("events.out.tfevents."));
  const EventWriter second(folder / "new/logs");
  CHECK(second.file() != writer.file());
}

TEST_CASE("event_writer: a new file is read behind those that are there, whatever their times") {
  const ScratchFolder folder;
  test::write_bytes(folder / "events.out.tfevents.9000000000.elsewhere.9.0", "");
  test::write_bytes(folder / "events.txt", "");
  const EventWriter first(folder.path()), second(folder.path());
  const auto files = event_files(folder.path());
  REQUIRE(files.size() == 3);
  CHECK(files[1] == first.file());
  CHECK(files[2] == second.file());
  CHECK(event_files(folder / "nowhere").empty());
}

TEST_CASE("event_writer: settings are a message of their plugin, each with its type") {
  const std::string event = settings_event(0, {{"on", true}, {"rate", 0.5}, {"use", std::string("fvit")}});
  for (const std::string& part : {std::string("_hparams_/session_start_info"), std::string("hparams"),
                                  test::from_hex("0a080a026f6e12022001"),                    // on: bool_value 1
                                  test::from_hex("0a110a0472617465120911000000000000e03f"),  // rate: number_value
                                  test::from_hex("0a0d0a03757365120"
                                                 "61a0466766974")}) {  // use: string_value
    CAPTURE(part);
    CHECK(event.find(part) != std::string::npos);
  }
}

TEST_CASE("event_writer: a folder that cannot be made is named") {
  const ScratchFolder folder;
  test::write_bytes(folder / "plain", "");
  CHECK_THROWS_WITH_AS(EventWriter(folder / "plain/logs"),
                       ("cannot write \"" + (folder / "plain/logs").string() + "\": Not a directory").c_str(), Error);
}
