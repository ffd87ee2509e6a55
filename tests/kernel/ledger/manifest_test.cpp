#include "kernel/ledger/manifest.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../toys.h"
#include "kernel/registry/registry.h"
#include "lafs/error.h"
#include "lafs/stamp.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

ManifestFacts facts(int64_t threads) {
  return {{"lafs", "train", "dino.toml"}, "dino.toml", "a1b2", "c3d4", "cpu", threads, 1, nullptr, {"2 .gif left out"}};
}

TEST_CASE("manifest: it names program, machine, command and identities") {
  ::setenv("LAFS_DATA", "/data/faces", 1);
  const test::RunFolder folder;
  write_manifest(folder.path, facts(2));
  const auto read = nlohmann::json::parse(folder.read("manifest.json"));
  CHECK(read["command"] == nlohmann::json{"lafs", "train", "dino.toml"});
  CHECK(read["recipe"] == "dino.toml");
  CHECK(read["training_identity"] == "a1b2");
  CHECK(read["data_fingerprint"] == "c3d4");
  CHECK(read["device"] == "cpu");
  CHECK(read["threads"] == 2);
  CHECK(read["program"]["torch"] == LAFS_TORCH_VERSION);
  CHECK(read["program"]["sdk"] == LAFS_SDK_HASH);
  CHECK(read["machine"]["cores"] > 0);
  CHECK(read["environment"]["LAFS_DATA"] == "/data/faces");
  const std::string started = read["started"];
  CHECK(started.size() == 20);
  CHECK(started.back() == 'Z');
  CHECK(read["libraries"].empty());
  CHECK(read["notes"] == nlohmann::json{"2 .gif left out"});
  ::unsetenv("LAFS_DATA");
}

TEST_CASE("manifest: a resumed run adds a session and keeps the first") {
  const test::RunFolder folder;
  write_manifest(folder.path, facts(2));
  const auto first = nlohmann::json::parse(folder.read("manifest.json"));
  write_manifest(folder.path, facts(8));
  const auto both = nlohmann::json::parse(folder.read("manifest.json"));
  CHECK(both["threads"] == 8);
  REQUIRE(both["sessions"].size() == 2);
  CHECK(both["sessions"][0] == first["sessions"][0]);
  CHECK(both["sessions"][0]["threads"] == 2);
  CHECK(both["sessions"][1]["threads"] == 8);
  CHECK(both["environment"]["LAFS_DATA"].is_null());
}

TEST_CASE("manifest: a plugin from outside that was built again is noted, one of lafs is not") {
  Registry registry;
  registry.load_folder(std::string(LAFS_TEST_PLUGINS));
  registry.load(test::fixture("toys"));
  const test::RunFolder folder;
  ManifestFacts known = facts(2);
  known.registry = &registry;
  write_manifest(folder.path, known);
  CHECK(rebuilt_plugins(folder.path, registry).empty());
  auto manifest = nlohmann::json::parse(folder.read("manifest.json"));
  for (auto& library : manifest["libraries"]) library["build_id"] = "0123";
  folder.write("manifest.json", manifest.dump());
  CHECK(rebuilt_plugins(folder.path, registry).empty());  // the run uses none of them
  const auto& [kind, name] = registry.libraries().back().plugins.front();
  folder.write("recipe.toml", "[" + kind + "]\nuse = \"" + name + "\"\n");
  const std::vector<std::string> notes = rebuilt_plugins(folder.path, registry);
  const auto& plugins = registry.libraries().back().plugins;
  const auto same_name = std::count_if(plugins.begin(), plugins.end(), [&, used = name](const auto& one) { return one.second == used; });
  CHECK(same_name < static_cast<int64_t>(plugins.size()));
  REQUIRE(static_cast<int64_t>(notes.size()) == same_name);
  CHECK(notes.front() == kind + " \"" + name + "\" was built again since \"" + folder.path.filename().string() +
                             "\" was trained, and has the same revision: if its numbers have changed, raise the revision and train again");
  CHECK(rebuilt_plugins(folder.path / "none", registry).empty());
}

TEST_CASE("manifest: a file that is not a manifest is not overwritten") {
  const test::RunFolder folder;
  folder.write("manifest.json", "{\"sess");
  CHECK_THROWS_WITH_AS(write_manifest(folder.path, facts(2)),
                       ("\"" + (folder.path / "manifest.json").string() + "\" is not a manifest; move it away to start a new one").c_str(),
                       Error);
  CHECK(folder.read("manifest.json") == "{\"sess");
}

}  // namespace
}  // namespace lafs
