#include "kernel/results/scores_file.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "kernel/results/results_json.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;

namespace {

NamedMetrics scored(const std::string& name, size_t pairs) {
  NamedMetrics out{name, {}, 0};
  Comparisons& all = out.metrics.comparisons;
  for (size_t i = 0; i < pairs; ++i) {
    all.scores.push_back(1.0 / static_cast<double>(i + 3));
    all.same.push_back(i % 2 == 0 ? 1 : 0);
    all.correct.push_back(i % 3 == 0 ? 1 : 0);
    all.first_person.push_back(static_cast<int32_t>(i));
    all.second_person.push_back(static_cast<int32_t>(i / 2));
  }
  all.pairs = "0123abcd";
  return out;
}

}  // namespace

TEST_CASE("scores file: what was kept is read as it was, to the last bit") {
  const test::ScratchFolder folder;
  write_scores(folder / "scores", {scored("lfw", 7), scored("a/b", 3), {"none", {}, 0}});
  const auto read = scores_in(folder / "scores", "lfw");
  REQUIRE(read.has_value());
  const Comparisons wanted = scored("lfw", 7).metrics.comparisons;
  CHECK(read->scores == wanted.scores);
  CHECK(read->same == wanted.same);
  CHECK(read->correct == wanted.correct);
  CHECK(read->first_person == wanted.first_person);
  CHECK(read->second_person == wanted.second_person);
  CHECK(read->pairs == "0123abcd");
  CHECK(scores_in(folder / "scores", "a/b")->scores.size() == 3);
  CHECK_FALSE(scores_in(folder / "scores", "none").has_value());
}

TEST_CASE("scores file: scores of former results go, other files stay") {
  const test::ScratchFolder folder;
  write_scores(folder / "scores", {scored("old", 2)});
  test::write_bytes(folder / "scores" / "notes.txt", "mine");
  write_scores(folder / "scores", {scored("new", 2)});
  CHECK_FALSE(scores_in(folder / "scores", "old").has_value());
  CHECK(scores_in(folder / "scores", "new").has_value());
  CHECK(std::filesystem::exists(folder / "scores" / "notes.txt"));
  const std::string mine = (folder / "scores" / "mine.safetensors").string();
  formats::write_safetensors(mine, {});
  write_scores(folder / "scores", {scored("new", 3)});
  CHECK(std::filesystem::exists(mine));
  CHECK(test::error_of([&] { write_scores(folder / "scores", {scored("mine", 3)}); }) ==
        "\"" + mine + "\" is in the way of the scores of \"mine\", and was not written by lafs; move it elsewhere");
  write_scores(folder / "absent", {{"none", {}, 0}});
  CHECK_FALSE(std::filesystem::exists(folder / "absent"));
}

TEST_CASE("scores file: results of a run have them beside, and results.json names the pairs") {
  const test::ScratchFolder folder;
  write_results(folder.path(), {scored("lfw", 4)}, 10, "last");
  CHECK(scores_in(scores_folder_of(folder / "results.json"), "lfw")->scores.size() == 4);
  CHECK(nlohmann::json::parse(test::read_bytes(folder / "results.json"))["evaluators"][0]["pairs"] == "0123abcd");
  CHECK(scores_folder_of("out/model.json") == "out/model.scores");
  CHECK(scores_folder_of("out/r.1") == "out/r.1.scores");
}

TEST_CASE("scores file: a file of another kind is named") {
  const test::ScratchFolder folder;
  write_scores(folder.path(), {scored("lfw", 4)});
  const std::string file = (folder / "lfw.safetensors").string();
  std::string bytes = test::read_bytes(file);
  const size_t at = bytes.find("\"scores\"");
  bytes.replace(at, 8, "\"xcores\"");
  test::write_bytes(file, bytes);
  CHECK(test::error_of([&] { read_scores(file); }).find(file) != std::string::npos);
  NamedMetrics bad = scored("lfw", 4);
  bad.metrics.comparisons.same.pop_back();
  write_scores(folder.path(), {bad});
  CHECK(test::error_of([&] { read_scores(file); }) == "\"" + file + "\" has lists of different lengths");
  bad = scored("lfw", 4);
  bad.metrics.comparisons.first_person[1] = -1;
  write_scores(folder.path(), {bad});
  CHECK(test::error_of([&] { read_scores(file); }) == "\"" + file + "\" has a person below 0");
}
