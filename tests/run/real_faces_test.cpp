#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include <doctest/doctest.h>

#include "support/skip.h"
#include "tiny.h"

namespace lafs::test {
namespace {

/// The folder of face sets, where it has `what`.
std::optional<fs::path> data_with(const fs::path& what) {
  const char* data = std::getenv("LAFS_TEST_DATA");
  if (!data) data = std::getenv("LAFS_DATA");
  if (!data || !fs::exists(fs::path(data) / what)) return std::nullopt;
  return fs::path(data);
}

TEST_CASE("real faces: the ORL recipe trains and verifies a few steps") {
  const auto data = data_with("orl");
  if (!data) {
    skip("real faces: neither LAFS_TEST_DATA nor LAFS_DATA names a folder that holds orl");
    return;
  }
  const ScratchFolder folder;
  const fs::path recipe = fs::path(LAFS_TEST_SOURCE) / "recipes" / "orl" / "identities_1_30.toml";
  const Outcome outcome = lafs({"run", recipe, "--quiet", "--out", folder / "out", "--set", "run.steps=3", "--set", "run.evaluate_every=0"},
                               {{"LAFS_DATA", data->string()}});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const double accuracy = metric(json_file(folder / "out" / "results.json"), "accuracy");
  CHECK(accuracy >= 0.5);
  CHECK(accuracy <= 1);
}

/// RGB, (v - 127.5) / 128, one embedding a picture: what the publisher of MobileFaceNet's files states.
std::string mobilefacenet_recipe(const fs::path& data, const std::string& shift) {
  return "[run]\nthreads = 2\nloader_threads = 2\ndevice = \"cpu\"\n\n[input]\npreset = \"custom\"\nmean = [0.5, 0.5, 0.5]\n"
         "std = [0.50196078431372548, 0.50196078431372548, 0.50196078431372548]\nflip = \"none\"\nshift = " +
         shift + "\n\n[[evaluator]]\nuse = \"verification\"\nbaseline = false\npairs = " + in_quotes(data / "lfw/lists/pairs.txt") +
         "\n\n[evaluator.data]\nuse = \"image_folder\"\nroot = " + in_quotes(data / "lfw/aligned112_full") + "\n";
}

TEST_CASE("real faces: a MobileFaceNet trained elsewhere has its known accuracy on LFW, as stored and moved to its template") {
  const fs::path model = "models/mobilefacenet/mobilefacenet.caffemodel";
  const auto data = data_with(model);
  if (!data || !fs::is_directory(*data / "lfw/aligned112_full")) {
    skip("real faces: neither LAFS_TEST_DATA nor LAFS_DATA names a folder that holds lfw and models/mobilefacenet");
    return;
  }
  for (const auto& [shift, accuracy] : {std::pair("[0, 0]", 0.9943), std::pair("[8, 0]", 0.9950)}) {
    CAPTURE(shift);
    const Tiny tiny(mobilefacenet_recipe(*data, shift));
    const Outcome outcome = lafs({"eval", *data / model, "--recipe", tiny.recipe(), "--json", "--quiet"});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    CHECK(std::abs(metric(nlohmann::json::parse(outcome.out), "accuracy") - accuracy) <= 0.0005);
  }
}

/// The pairs of a finding as "Name_0001 Other_0001", by the paths of their keys or, where these are numbers, by a folder that has the same
/// pictures in the same order.
std::set<std::string> pairs_of(const nlohmann::json& finding, const std::vector<std::string>& names) {
  std::set<std::string> pairs;
  for (const auto& pair : finding.at("listed"))
    pairs.insert(names.at(pair.at("first").at("index")) + " " + names.at(pair.at("second").at("index")));
  return pairs;
}

TEST_CASE("real faces: a check finds the pictures of LFW that carry two names, in the folder and in records packed from it") {
  const auto data = data_with("lfw/aligned112_full");
  if (!data) {
    skip("real faces: neither LAFS_TEST_DATA nor LAFS_DATA names a folder that holds lfw");
    return;
  }
  const ScratchFolder folder;
  const fs::path root = *data / "lfw/aligned112_full";
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".jpg") names.push_back(entry.path().lexically_relative(root).string());
  }
  std::sort(names.begin(), names.end(), [](const fs::path& a, const fs::path& b) { return a < b; });
  for (std::string& name : names) name = fs::path(name).stem().string();
  REQUIRE(lafs({"data", "pack", root, "--out", folder / "set", "--quiet"}).status == 0);
  for (const fs::path& source : {root, folder / "set"}) {
    const Outcome outcome = lafs({"data", "check", source, "--json", "--quiet"});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json.at("pictures") == static_cast<int64_t>(names.size()));
    const auto& across = json.at("copies_across_identities");
    const std::set<std::string> pairs = pairs_of(across, names);
    CHECK(pairs.contains("Carlos_Beltran_0001 Raul_Ibanez_0001"));
    CHECK(pairs.contains("Bart_Hendricks_0001 Ricky_Ray_0001"));
    CHECK(across.at("same_pixels") == 2);
    CHECK(pairs.size() <= 6);  // those that a person confirms: one photograph under two names
    CHECK_FALSE(json.at("colours").at("probably_bgr").get<bool>());
  }
}

}  // namespace
}  // namespace lafs::test
