#include <doctest/doctest.h>

#include "run/tiny_row.h"

namespace lafs::test {
namespace {

/// A row on files that nobody has: a record set, a verification set, an IJB folder and a folder of pictures.
std::string row_on_files(const std::string& published = "accuracy") {
  std::string text = two_stages;
  const std::string drawn = "[data_source]\nuse = \"synthetic_faces\"\nidentities = 8\nper_identity = 6\nsize = 32\n";
  const size_t at = text.find(drawn);
  text.replace(at, drawn.size(), "[data_source]\nuse = \"record_set\"\nfiles = [\"@data/faces\"]\n\n[rehearsal]\n\"backbone.dim\" = 12\n");
  const std::string evaluators =
      "[[evaluator]]\nname = \"bin\"\nuse = \"verification\"\nbaseline = false\nfolds = 5\n"
      "data = { use = \"face_bin\", file = \"@data/lfw.bin\" }\n\n"
      "[[evaluator]]\nname = \"ijb\"\nuse = \"template_verification\"\ndata = { use = \"ijb\", root = \"@data/IJBB\" }\n"
      "pictures = \"@data/IJBB/meta/ijbb_face_tid_mid.txt\"\nfaces = \"@data/IJBB/meta/ijbb_name_5pts_score.txt\"\n"
      "pairs = \"@data/IJBB/meta/ijbb_template_pair_label.txt\"\n\n"
      "[[evaluator]]\nname = \"people\"\nuse = \"verification\"\ngenuine = 20\nimpostor = 20\nfolds = 5\nbaseline = false\n"
      "data = { use = \"subset\", source = { use = \"image_folder\", root = \"@data/people\" } }\n\n";
  text.insert(text.find("[[evaluator]]"), evaluators);
  return text + "\n[row]\npublished = [{ metric = \"" + published + "\", evaluator = \"bin\", value = 0.5, tolerance = 1 }]\n";
}

TEST_CASE("rehearse: a row whose data is not there runs to its end, and says what was made small") {
  const Tiny tiny(row_on_files());
  const Arguments rehearse{"run", tiny.recipe(), "--out", tiny / "out", "--rehearse"};
  const Outcome outcome = lafs(rehearse);
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err.find("48 generated pictures of 12 people") != std::string::npos);
  CHECK(outcome.err.find("first: backbone.dim 24 -> 12, run.batch 8 -> 4") != std::string::npos);
  for (const char* line : {"first: bin", "first: ijb", "second: people", "published accuracy of second: "})
    CHECK_MESSAGE(outcome.out.find(line) != std::string::npos, line);
  CHECK(fs::exists(tiny / "out" / "generated-12x4" / "data" / "faces" / "train.rec"));
  const Outcome again = lafs(rehearse);
  REQUIRE_MESSAGE(again.status == 0, again.err);
  CHECK(again.err.find("stage second (2 of 2): was finished before\n") != std::string::npos);
}

TEST_CASE("rehearse: one run recipe is rehearsed too, and runs/rehearsals is where it goes") {
  const Tiny tiny;
  const Outcome outcome = lafs({"run", tiny.recipe(), "--rehearse", "--out", tiny / "out"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.out.find("verification") != std::string::npos);
}

TEST_CASE("rehearse: what would fail after the real run fails now") {
  const Tiny tiny(row_on_files("acuracy"));
  const Outcome outcome = tiny.run("out", {"--rehearse", "--quiet"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.find("published \"acuracy\" of stage \"second\"") != std::string::npos);
}

TEST_CASE("rehearse: pictures that lie under no root are used if they are there") {
  const Tiny tiny(row_on_files());
  const Outcome outcome = tiny.run("out", {"--rehearse", "--set", "data_source.files=[\"/nowhere/train.rec\"]"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err.find(
            "data_source \"record_set\": \"/nowhere/train.rec\" is not there, and a rehearsal only writes pictures under a root") !=
        std::string::npos);
}

TEST_CASE("rehearse: options that speak of the real data are refused") {
  const Tiny tiny;
  const Outcome outcome = lafs({"run", tiny.recipe(), "--rehearse", "--ledger", tiny / "stages"});
  CHECK(outcome.status == 2);
  CHECK(outcome.err.find("--ledger excludes --rehearse") != std::string::npos);
}

}  // namespace
}  // namespace lafs::test
