#include "kernel/results/published_file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kernel/results/study_json.h"
#include "kernel/results/study_table.h"
#include "kernel/toys.h"

namespace lafs {
namespace {

constexpr std::string_view two_methods = R"([[published]]
method = "AdaFace"
backbone = "R100"
training_set = "WebFace4M"
evaluator = "IJB-C"
metric = "tar"
value = 0.9739
source = "a README"
[[published]]
method = "AdaFace"
backbone = "R100"
training_set = "WebFace4M"
evaluator = "LFW"
metric = "accuracy"
value = 0.998
source = "a README"
[[published]]
method = "ArcFace"
backbone = "r50"
training_set = "MS1MV3"
metric = "rank1"
value = 0.5
source = "another"
)";

std::vector<OtherMethod> read(std::string_view text) { return read_published(test::Folder("published").write("p.toml", text)); }

/// What is wrong with a file, without its folder.
std::string fault(std::string_view text) {
  const test::Folder folder("published");
  const std::string file = folder.write("p.toml", text);
  std::string out = test::error_of([&] { read_published(file); });
  for (size_t at = 0; (at = out.find(folder.text() + "/")) != std::string::npos;) out.erase(at, folder.text().size() + 1);
  return out;
}

/// One run that measured the TAR on IJB-C in two scalings.
Study measured(std::vector<OtherMethod> others) {
  Study study;
  study.label_names = {"run"};
  SeedResults seed{1, {{"", {}}}};
  for (const char* evaluator : {"IJB-C, published scaling", "IJB-C"})
    seed.stages[0].second.push_back({evaluator, {.values = {{"tar", "", 0.9, 0, 100, Unit::share}}}, 0});
  study.lines.push_back({{"ours"}, {seed}, {}, {}, {}});
  study.others = std::move(others);
  return study;
}

}  // namespace

TEST_CASE("published file: values of one method stand together") {
  const auto methods = read(two_methods);
  REQUIRE(methods.size() == 2);
  CHECK(methods[0].name() == "AdaFace, R100, WebFace4M");
  REQUIRE(methods[0].values.size() == 2);
  CHECK(methods[0].values[1].metric == "accuracy");
  CHECK(methods[0].values[1].value == 0.998);
  CHECK(methods[1].source == "another");
}

TEST_CASE("published file: the shipped one can be read") {
  const auto methods = read_published(std::filesystem::path(LAFS_TEST_SOURCE) / "docs/published.toml");
  CHECK(methods.size() == 23);
  CHECK(methods.front().values.front().value == 0.9719);
}

TEST_CASE("published file: every mistake is reported") {
  CHECK(fault("[[published]]\nmethod = \"A\"\nbackbone = \"b\"\ntraining_set = \"c\"\nvalue = 0.9\nsource = \"d\"\n") ==
        "p.toml:1:1: error: [[published]] needs \"metric\" (name of the metric, as the evaluator reports it)");
  CHECK(
      fault("title = \"x\"\n[[published]]\nmethod = \"A\"\nbackbone = \"b\"\ntraining_set = \"c\"\nmetrik = \"m\"\nmetric = \"m\"\nvalue = "
            "\"high\"\nsource = \"d\"\n") ==
      "p.toml:1:1: error: a file of published values has no \"title\": write [[published]]\n"
      "p.toml:6:1: error: [[published]] has no key \"metrik\"; did you mean \"metric\"?\n"
      "p.toml:8:9: error: value = \"high\" is a string, not a real");
  CHECK(fault("") == "p.toml:1:1: error: there is no published value: write [[published]]");
  CHECK(fault("published = 3\n") == "p.toml:1:13: error: published is an integer, not a list of tables: write [[published]]");
}

TEST_CASE("published file: other methods stand below ours, where they have a value of a column") {
  const Study study = measured(read(two_methods));
  const StudyTable table = study_table(study, {});
  CHECK(study_table_text(table, "text") ==
        "run                                   IJB-C, published scaling: tar, %  IJB-C: tar, %\n"
        "ours                                                             90.00          90.00\n"
        "AdaFace, R100, WebFace4M (published)                             97.39          97.39\n"
        "\n"
        "one run a line; (±) is the standard error that the evaluator gives\n"
        "AdaFace, R100, WebFace4M: published, not measured here: a README\n"
        "1 of 2 published methods have none of these values\n");
  CHECK(study_table_text(table, "csv").ends_with("\"AdaFace, R100, WebFace4M\",IJB-C: tar,share,,,,,,,,0.9739,,\n"));
  const auto json = study_table_json(table);
  CHECK(json.at("others").at(0).at("method") == "AdaFace");
  CHECK(json.at("others").at(0).at("values") == nlohmann::json{0.9739, 0.9739});
  CHECK(json.at("others").at(1).at("values").at(0).is_null());
}

TEST_CASE("published file: a percentage in place of a share is an error with its place") {
  std::vector<OtherMethod> others = read(two_methods);
  others[0].values[0].value = 97.39;
  others[0].values[0].position = "p.toml:1:1";
  const Study study = measured(std::move(others));
  CHECK(test::error_of([&] { study_table(study, {}); }) ==
        "p.toml:1:1: error: tar = 97.39 of \"AdaFace, R100, WebFace4M\" is a share, so at most 1: write 0.9739");
}

}  // namespace lafs
