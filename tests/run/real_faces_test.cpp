#include <cstdlib>

#include <doctest/doctest.h>

#include "support/skip.h"
#include "tiny.h"

namespace lafs::test {
namespace {

TEST_CASE("real faces: the ORL recipe trains and verifies a few steps") {
  const char* data = std::getenv("LAFS_TEST_DATA");
  if (!data) data = std::getenv("LAFS_DATA");
  if (!data || !fs::is_directory(fs::path(data) / "orl")) {
    skip("real faces: neither LAFS_TEST_DATA nor LAFS_DATA names a folder that holds orl");
    return;
  }
  const ScratchFolder folder;
  const fs::path recipe = fs::path(LAFS_TEST_SOURCE) / "recipes" / "orl" / "identities_1_30.toml";
  const Outcome outcome = lafs({"run", recipe, "--quiet", "--out", folder / "out", "--set", "run.steps=3", "--set", "run.evaluate_every=0"},
                               {{"LAFS_DATA", data}});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const double accuracy = metric(json_file(folder / "out" / "results.json"), "accuracy");
  CHECK(accuracy >= 0.5);
  CHECK(accuracy <= 1);
}

}  // namespace
}  // namespace lafs::test
