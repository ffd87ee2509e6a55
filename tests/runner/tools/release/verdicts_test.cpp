#include "runner/tools/release/verdicts.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "runner/tools/release/find_files.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

PublishedValue published(double value, double tolerance) {
  PublishedValue out;
  out.value = value;
  out.tolerance = tolerance;
  return out;
}

Metric measured(double value, double low, double high) { return {.name = "tar", .value = value, .low = low, .high = high}; }

TEST_CASE("verify-release: on the published set the tolerance alone decides") {
  const PublishedValue row = published(0.9740, 0.0009);
  CHECK(verdict_on(row, measured(0.9749, 0.96, 0.98), true) == Verdict::pass);
  CHECK(verdict_on(row, measured(0.9731, 0.96, 0.98), true) == Verdict::pass);
  CHECK(verdict_on(row, measured(0.9750, 0.96, 0.98), true) == Verdict::fail);
  CHECK(verdict_on(row, measured(NAN, 0.96, 0.98), true) == Verdict::fail);
}

TEST_CASE("verify-release: on another set the interval decides, and may leave it open") {
  const PublishedValue row = published(0.9740, 0.0009);
  CHECK(verdict_on(row, measured(0.9740, 0.9735, 0.9745), false) == Verdict::pass);
  CHECK(verdict_on(row, measured(0.9740, 0.9700, 0.9780), false) == Verdict::cannot_tell);
  CHECK(verdict_on(row, measured(0.9700, 0.9690, 0.9735), false) == Verdict::cannot_tell);
  CHECK(verdict_on(row, measured(0.9700, 0.9690, 0.9720), false) == Verdict::fail);
  CHECK(verdict_on(row, measured(0.9800, 0.9750, 0.9850), false) == Verdict::fail);
  CHECK(verdict_on(row, measured(0.9740, NAN, NAN), false) == Verdict::cannot_tell);
}

/// A supervised network of a width, with its class matrix.
ReleaseNetwork network(const std::string& name, int64_t classes, int64_t dim, const std::string& hint) {
  ReleaseNetwork out;
  out.plan.name = name;
  out.seen.kind = NetworkKind::part_fvit;
  out.seen.classes = classes;
  out.seen.shape.dim = dim;
  out.hints.row = hint;
  return out;
}

ReleaseRow row(const std::string& stem, const std::string& title, int64_t classes, double value) {
  ReleaseRow out{.stem = stem, .title = title, .kind = NetworkKind::part_fvit, .shape = {.dim = 768}, .classes = classes};
  RowValue one{published(value, 0.001), "IJB-C", release_contracts(true).front()};
  one.published.metric = "tar";
  out.values.push_back(one);
  return out;
}

/// What a network measured on the whole of IJB-C.
Measurement on_ijbc(const InputContract& input, double value) {
  Measurement out{.set = "IJB-C", .input = input, .result = {.name = "IJB-C", .metrics = {}}};
  out.result.metrics.values.push_back({.name = "tar", .value = value, .n = 19557, .unit = Unit::share});
  return out;
}

TEST_CASE("verify-release: a file that two rows claim is compared with both, and counts for the one it reproduces") {
  const std::vector<ReleaseRow> rows{row("row_a", "A", 205990, 0.9740), row("row_b", "B", 93431, 0.9729),
                                     row("row_c", "C", 205990, 0.9758)};
  std::vector<ReleaseNetwork> networks{network("c.pth", 205990, 768, "row_c"), network("small.pth", 205990, 24, "")};
  networks[0].measurements.push_back(on_ijbc(release_contracts(true).front(), 0.9758));
  networks[1].measurements.push_back(on_ijbc(release_contracts(true).front(), 0.9740));
  const auto outcomes = row_outcomes(rows, networks, {{.name = "IJB-C"}});
  CHECK(outcomes[0].values[0].verdict == Verdict::not_measured);
  CHECK(outcomes[0].values[0].comparisons.size() == 1);
  CHECK(outcomes[0].values[0].why.starts_with("\"c.pth\" reproduces row \"C\"; this row needs other weights"));
  CHECK(outcomes[0].notes.front() == "\"c.pth\" may be the file of row \"C\" as well; its name is that of row \"C\"");
  CHECK(outcomes[1].candidates.empty());
  CHECK(outcomes[1].values[0].why.starts_with("needs weights with a class matrix of 93,431 rows"));
  CHECK(outcomes[2].values[0].verdict == Verdict::pass);

  networks[0].measurements.front() = on_ijbc(release_contracts(true).front(), 0.9);
  networks[0].measurements.push_back(on_ijbc(release_contracts(false)[1], 0.9758));
  const auto missed = row_outcomes(rows, networks, {{.name = "IJB-C"}});
  CHECK(missed[0].values[0].verdict == Verdict::fail);
  CHECK(missed[2].values[0].verdict == Verdict::fail);
  CHECK(missed[2].values[0].why == "within the tolerance under another contract: \"c.pth\" with pixels in [-1, 1] as rgb: 97.58 %");
}

TEST_CASE("verify-release: a file without a class matrix may be of any row of its sizes") {
  const ReleaseRow a = row("row_a", "A", 205990, 0.9740);
  CHECK(may_be_of(a, network("x", 205990, 768, "").seen));
  CHECK(may_be_of(a, network("x", 0, 768, "").seen));
  CHECK_FALSE(may_be_of(a, network("x", 93431, 768, "").seen));
  CHECK_FALSE(may_be_of(a, network("x", 205990, 24, "").seen));
}

TEST_CASE("verify-release: the files of a folder, through links and past circles") {
  namespace fs = std::filesystem;
  const ScratchFolder folder;
  fs::create_directories(folder / "release/a/IJBC/meta");
  fs::create_directories(folder / "elsewhere");
  for (const char* file : {"release/a/one.pth", "release/two.PTH.tar", "release/lfw.bin", "release/train.rec", "release/.hidden.pth",
                           "release/note.txt", "elsewhere/three.safetensors"})
    write_bytes(folder / file, "x");
  fs::create_directory_symlink(folder / "elsewhere", folder / "release/linked");
  fs::create_directory_symlink(folder / "release", folder / "release/a/circle");
  fs::create_symlink("nowhere", folder / "release/gone.pth");
  const FoundFiles found = find_files(folder / "release");
  REQUIRE(found.weights.size() == 3);
  CHECK(found.weights[1].filename() == "three.safetensors");
  CHECK(found.pair_sets.size() == 1);
  CHECK(found.ijb_folders.size() == 1);
  CHECK(found.record_sets.size() == 1);
  CHECK(found.notes ==
        std::vector<std::string>{"\"" + (folder / "release/gone.pth").string() + "\" is a link to a file that is not there"});
}

}  // namespace
}  // namespace lafs::test
