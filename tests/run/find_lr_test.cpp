// lafs plan --find-lr on a recipe.
#include <doctest/doctest.h>

#include "imaging/decode.h"
#include "tiny.h"

namespace lafs::test {
namespace {

TEST_CASE("find lr: rising rates from the start of a run, a picture, and nothing else written") {
  const Tiny tiny;
  const Outcome found = lafs({"plan", tiny.recipe(), "--find-lr", "--lr-steps", "30", "--lr-from", "1e-4", "--lr-to", "10", "--json",
                              "--picture", tiny / "lr.png"});
  REQUIRE_MESSAGE(found.status == 0, found.err);
  const auto json = nlohmann::json::parse(found.out);
  CHECK(json.at("points").at(0).at("lr") == 1e-4);
  CHECK(json.at("points").at(0).at("loss") == json.at("points").at(0).at("smoothed"));
  CHECK(json.at("points").size() <= 30);
  CHECK(imaging::read_image(tiny / "lr.png").width > 100);
  CHECK(std::distance(fs::directory_iterator(tiny / "."), {}) == 2);

  // The first step is that of a run with that rate.
  REQUIRE(tiny.run("out", {"--set", "optimizer.lr=1e-4"}).status == 0);
  CHECK(json.at("points").at(0).at("loss") == log_of(tiny / "out").front().at("loss"));
}

TEST_CASE("find lr: its options need it, and rates must rise") {
  const Tiny tiny;
  CHECK(lafs({"plan", tiny.recipe(), "--lr-steps", "30"}).status == 2);
  CHECK(lafs({"plan", tiny.recipe(), "--find-lr", "--lr-from", "1", "--lr-to", "0.1"}).err ==
        "lafs: error: the rates from 1 to 0.1 do not rise\n");
  write_bytes(tiny / "lr.png", "mine");
  CHECK(lafs({"plan", tiny.recipe(), "--find-lr", "--picture", tiny / "lr.png"}).err ==
        "lafs: error: " + in_quotes(tiny / "lr.png") + " exists; --force overwrites it\n");
}

}  // namespace
}  // namespace lafs::test
