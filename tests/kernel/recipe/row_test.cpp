#include "kernel/recipe/row.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/toys.h"

using namespace lafs;
namespace fs = std::filesystem;

namespace {

/// A row in a folder of its own, and what reading it says.
class RowFile {
 public:
  explicit RowFile(std::string_view text) : folder_("row"), file_(folder_.write("row.toml", text)) {}

  Row read(std::vector<std::pair<std::string, std::string>> overrides = {}, const fs::path& out = {}) const {
    return open_row(file_, {std::move(overrides), ""}, test::toys(), out);
  }
  /// The error with the folder's name taken out.
  std::string error(std::vector<std::pair<std::string, std::string>> overrides = {}) const {
    return bare(test::error_of([&] { read(std::move(overrides)); }));
  }
  std::string bare(std::string text) const {
    const std::string prefix = folder_.text() + "/";
    for (size_t at = 0; (at = text.find(prefix, at)) != std::string::npos;) text.erase(at, prefix.size());
    return text;
  }
  std::string write(const std::string& name, std::string_view text) const { return folder_.write(name, text); }
  const std::string& file() const { return file_; }

 private:
  test::Folder folder_;
  std::string file_;
};

constexpr std::string_view three = R"(
[row]
title = "three in a row"
published = [{ metric = "accuracy", value = 0.99, tolerance = 0.01, source = "table 1", stage = "second" }]
[run]
seed = 7
batch = 5
[[stage]]
name = "first"
[stage.run]
epochs = 2
[[stage]]
name = "second"
[[stage.init]]
into = "backbone"
from = "stage:first"
[[stage]]
name = "third"
[stage.run]
seed = 8
[[stage.init]]
from = "stage:second"
select = "teacher."
[[stage.init]]
from = "stage:first"
)";

}  // namespace

TEST_CASE("row: stages come in order, with the common part below their own keys") {
  const RowFile file(three);
  const Row row = file.read();
  CHECK(row.title == "three in a row");
  REQUIRE(row.published.size() == 1);
  CHECK(row.published[0].value == 0.99);
  CHECK(row.published[0].source == "table 1");
  CHECK(row.names() == std::vector<std::string>{"first", "second", "third"});
  CHECK(row.stages[0].recipe.run.seed == 7);
  CHECK(row.stages[0].recipe.run.epochs == 2);
  CHECK(row.stages[2].recipe.run.seed == 8);
  CHECK(row.stages[2].recipe.run.epochs == 1);
  for (const Stage& stage : row.stages) CHECK(stage.recipe.run.batch == 5);
  CHECK(row.stages[0].inputs.empty());
  CHECK(row.stages[2].inputs == std::vector<std::string>{"second", "first"});
}

TEST_CASE("row: a stage's bases come first, then the common part, then the stage") {
  const RowFile file(R"(
[run]
seed = 2
batch = 2
[backbone]
use = "toy"
[[stage]]
name = "one"
base = "base.toml"
run.batch = 3
[[stage]]
name = "two"
base = ["base.toml", "other.toml"]
)");
  file.write("base.toml", "[run]\nseed = 1\nbatch = 1\nepochs = 11\n[data_source]\nuse = \"toy\"\nroot = \"pictures\"");
  file.write("other.toml", "[run]\naccumulate = 4");
  CHECK(file.error() == "row.toml:6:7: error: no backbone \"toy\"");
  file.write("row.toml",
             "[run]\nseed = 2\nbatch = 2\n[[stage]]\nname = \"one\"\nbase = \"base.toml\"\nrun.batch = 3\n[[stage]]\n"
             "name = \"two\"\nbase = [\"base.toml\", \"other.toml\"]\n");
  const Row row = file.read();
  CHECK(row.stages[0].recipe.run.seed == 2);
  CHECK(row.stages[0].recipe.run.batch == 3);
  CHECK(row.stages[0].recipe.run.epochs == 11);
  CHECK(row.stages[1].recipe.run.batch == 2);
  CHECK(row.stages[1].recipe.run.accumulate == 4);
  CHECK(row.stages[1].recipe.data_source.name == "toy");
}

TEST_CASE("row: an override reaches all stages, or the one it names, and the later wins") {
  const RowFile file(three);
  const Row row = file.read({{"run.batch", "9"}, {"second.run.batch", "4"}, {"second.init.0.floor", "0.5"}});
  CHECK(row.stages[0].recipe.run.batch == 9);
  CHECK(row.stages[1].recipe.run.batch == 4);
  CHECK(row.stages[2].recipe.run.batch == 9);
  CHECK(row.stages[1].recipe.init[0].floor == 0.5);
  CHECK(file.read({{"second.run.batch", "4"}, {"run.batch", "9"}}).stages[1].recipe.run.batch == 9);
  CHECK(file.error({{"secnd.run.batch", "4"}}) ==
        "--set secnd.run.batch: error: \"secnd\" is neither a stage nor a table of a recipe; did you mean \"second\"?");
  CHECK(file.error({{"second", "4"}}) == "--set second: error: \"second\" is a stage; name a key of it: second.run.epochs");
  CHECK(file.error({{"second.run.batch", "0"}}) ==
        "--set second.run.batch: error: batch = 0 is less than 1 (images of a micro-batch over all ranks)");
}

TEST_CASE("row: what a stage takes is a path under the row's folder, and an identity that no folder changes") {
  const RowFile file(three);
  const Row here = file.read({}, "/somewhere"), there = file.read({}, "/else/where");
  CHECK(here.stages[1].recipe.init[0].from.value == "/somewhere/first/checkpoints/last");
  CHECK(here.stages[1].folder == "/somewhere/second");
  CHECK(here.stages[1].recipe.init[0].identity == here.stages[0].recipe.identity);
  CHECK(there.stages[2].recipe.identity == here.stages[2].recipe.identity);
  CHECK(there.identity == here.identity);
  CHECK(there.stages[2].recipe.resolved != here.stages[2].recipe.resolved);
  CHECK(file.read().folder == fs::current_path() / "runs" / fmt::format("row-{}", here.identity.substr(0, 8)));
  const Recipe again = open_recipe_text(here.stages[2].recipe.resolved, "r.toml", {}, test::toys());
  CHECK(again.identity == here.stages[2].recipe.identity);
  CHECK(again.resolved == here.stages[2].recipe.resolved);
}

TEST_CASE("row: a changed stage changes those that take its weights, and no other") {
  const RowFile file(three);
  const Row before = file.read(), log = file.read({{"first.run.log_every", "3"}}), second = file.read({{"second.run.seed", "70"}}),
            first = file.read({{"first.run.seed", "70"}});
  for (size_t i = 0; i < 3; ++i) CHECK(log.stages[i].recipe.identity == before.stages[i].recipe.identity);
  CHECK(log.identity == before.identity);
  CHECK(second.stages[0].recipe.identity == before.stages[0].recipe.identity);
  CHECK(second.stages[1].recipe.identity != before.stages[1].recipe.identity);
  CHECK(second.stages[2].recipe.identity != before.stages[2].recipe.identity);
  for (size_t i = 0; i < 3; ++i) CHECK(first.stages[i].recipe.identity != before.stages[i].recipe.identity);
  CHECK(second.identity != before.identity);
}

TEST_CASE("row: evaluators change what results are comparable by, and not the training") {
  const RowFile file("[[stage]]\nname = \"a\"\n[[stage.evaluator]]\nuse = \"toy\"\nprotocol = \"lfw\"\n");
  const Recipe plain = file.read().stages[0].recipe, folds = file.read({{"evaluator.0.folds", "3"}}).stages[0].recipe,
               name = file.read({{"evaluator.0.name", "x"}}).stages[0].recipe;
  CHECK(folds.identity == plain.identity);
  CHECK(folds.evaluation_identity != plain.evaluation_identity);
  CHECK(name.evaluation_identity != plain.evaluation_identity);
  CHECK(file.read({{"evaluator.0.while_training", "false"}}).stages[0].recipe.evaluation_identity == plain.evaluation_identity);
}

TEST_CASE("row: weights are taken from earlier stages only") {
  const auto error = [](const std::string& from) {
    return RowFile(fmt::format("[[stage]]\nname = \"one\"\n[[stage]]\nname = \"two\"\n[[stage.init]]\nfrom = \"stage:{}\"\n[[stage]]\n"
                               "name = \"three\"\n",
                               from))
        .error();
  };
  CHECK(error("one").empty());
  CHECK(error("onw") == "row.toml:6:8: error: no earlier stage \"onw\"; did you mean \"one\"?");
  CHECK(error("landmarks") == "row.toml:6:8: error: no earlier stage \"landmarks\"; one of \"one\"");
  CHECK(error("two") == "row.toml:6:8: error: stage \"two\" cannot start from its own weights");
  CHECK(error("three") == "row.toml:6:8: error: stage \"three\" comes after \"two\"; weights are taken from earlier stages");
  CHECK(test::recipe_error("[[init]]\nfrom = \"stage:one\"") ==
        "r.toml:2:8: error: from = \"stage:one\" names a stage, but this recipe is not part of a row");
}

TEST_CASE("row: a stage has a name of its own that no table has") {
  CHECK(RowFile("[row]\ntitle = \"x\"\n").error() == "row.toml:1:1: error: a row needs a [[stage]]");
  CHECK(RowFile("[stage]\nname = \"x\"\n").error() == "row.toml:1:1: error: stage is not a list of tables: write [[stage]]");
  CHECK(RowFile("[[stage]]\n[stage.run]\nseed = 1\n").error() == "row.toml:1:1: error: a stage needs \"name\"");
  CHECK(RowFile("[[stage]]\nname = 3\n").error() == "row.toml:2:8: error: name is an integer, not a string");
  CHECK(RowFile("[[stage]]\nname = \"One\"\n").error() ==
        "row.toml:2:8: error: stage \"One\": a name has lower case letters, digits, _ and - only");
  CHECK(RowFile("[[stage]]\nname = \"run\"\n").error() ==
        "row.toml:2:8: error: stage \"run\": this is the name of a table of a recipe; choose another name");
  CHECK(RowFile("[[stage]]\nname = \"a\"\n[[stage]]\nname = \"a\"\n").error() ==
        "row.toml:4:8: error: stage \"a\": another stage has this name");
}

TEST_CASE("row: every mistake of every stage is reported, one of the common part once") {
  CHECK(RowFile("[run]\nbatch = 0\n[[stage]]\nname = \"a\"\nrun.seed = -1\n[[stage]]\nname = \"b\"\nrum.seed = 1\n").error() ==
        "row.toml:2:9: error: batch = 0 is less than 1 (images of a micro-batch over all ranks)\n"
        "row.toml:5:12: error: seed = -1 is less than 0 (seed of all random numbers in the run)\n"
        "row.toml:8:1: error: a recipe has no table \"rum\"; did you mean \"run\"?");
  CHECK(RowFile("[row]\ntitel = \"x\"\n[[stage]]\nname = \"a\"\n").error() ==
        "row.toml:2:1: error: [row] has no key \"titel\"; did you mean \"title\"?");
  CHECK(RowFile("[[row.published]]\nmetric = \"m\"\nvalue = 1\nstage = \"b\"\n[[stage]]\nname = \"ab\"\n").error() ==
        "row.toml:4:9: error: published \"m\": no stage \"b\"; did you mean \"ab\"?");
  CHECK(RowFile("[row]\npublished = [{ value = 1, source = \"table 1\" }]\n[[stage]]\nname = \"a\"\n").error() ==
        "row.toml:2:14: error: \"published\" of [row] needs \"metric\" (name of the metric, as the evaluator reports it)");
  CHECK(RowFile("[[row.published]]\nmetric = \"m\"\nvalue = 1\nstatus = \"likely\"\n[[stage]]\nname = \"a\"\n").error() ==
        "row.toml:4:10: error: published \"m\": status = \"likely\" begins with none of \"known\", \"derived\", \"unknown\": write "
        "\"unknown: why\"");
}

TEST_CASE("row: it says what is known to differ from the published run, and how well a published value is known") {
  const RowFile file(
      "[row]\ndeviations = [\"fewer pictures\", \"another seed\"]\n[[row.published]]\nmetric = \"m\"\nvalue = 1\n"
      "status = \"derived: a table\"\n[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\n");
  const Row row = file.read();
  CHECK(row.deviations == std::vector<std::string>{"fewer pictures", "another seed"});
  CHECK(row.published[0].status == "derived: a table");
  CHECK(row.stage_of(row.published[0]) == "b");
}

TEST_CASE("row: a stage that cannot be put together is reported with the mistakes of the others") {
  CHECK(RowFile("[[stage]]\nname = \"a\"\nbase = \"none.toml\"\n[[stage]]\nname = \"b\"\nrun.seed = -1\n").error() ==
        "row.toml:3:8: error: base \"none.toml\" does not exist: no file \"none.toml\"\n"
        "row.toml:6:12: error: seed = -1 is less than 0 (seed of all random numbers in the run)");
}

TEST_CASE("row: a stage may be called base, and a table of --set may not") {
  const RowFile file("[[stage]]\nname = \"base\"\n");
  CHECK(file.read({{"base.run.seed", "3"}}).stages[0].recipe.run.seed == 3);
  CHECK(RowFile("[[stage]]\nname = \"a\"\n").error({{"base", "x.toml"}}).starts_with("--set base: error: \"base\" is neither a stage"));
}

TEST_CASE("row: one stage is picked by its name, and a run recipe is a row of one") {
  const RowFile file(three);
  const auto picked = [&](const std::string& name) {
    return file.bare(test::error_of([&] { open_stage(file.file(), name, {}, test::toys()); }));
  };
  CHECK(open_stage(file.file(), "third", {}, test::toys()).run.seed == 8);
  CHECK(picked("thrid") == "--stage thrid: error: \"row.toml\" has no stage \"thrid\"; did you mean \"third\"?");
  CHECK(picked("") == "row.toml: error: is a row: pick one stage with --stage; one of \"first\", \"second\", \"third\"");
  CHECK(file.bare(test::error_of([&] { open_recipe(file.file(), {}, test::toys()); })) ==
        "row.toml: error: is a row of stages, not a run recipe");
  file.write("row.toml", "[run]\nseed = 5\n");
  CHECK(picked("first") == "--stage first: error: \"row.toml\" is not a row, so it has no stages");
  CHECK(open_stage(file.file(), "", {}, test::toys()).run.seed == 5);
  const Row alone = file.read({}, "out");
  CHECK(alone.alone());
  CHECK(alone.stages[0].folder == "out");
}
