#include "kernel/recipe/diagnostics.h"

#include <doctest/doctest.h>

#include "kernel/toys.h"
#include "lafs/suggestion.h"

using namespace lafs;

TEST_CASE("diagnostics: mistakes are reported at once, in the order of files and lines") {
  Diagnostics diagnostics;
  CHECK(diagnostics.empty());
  CHECK_NOTHROW(diagnostics.throw_if_any());
  diagnostics.error({"b.toml", 1, 1}, "third");
  diagnostics.error({"a.toml", 10, 2}, "second");
  diagnostics.error({"a.toml", 9, 5}, "first");
  diagnostics.error({"--set run.seed"}, "of the command line");
  CHECK(test::error_of([&] { diagnostics.throw_if_any(); }) ==
        "--set run.seed: error: of the command line\n"
        "a.toml:9:5: error: first\n"
        "a.toml:10:2: error: second\n"
        "b.toml:1:1: error: third");
  CHECK_THROWS_AS(diagnostics.throw_if_any(), RecipeError);
}

TEST_CASE("diagnostics: a near name is suggested, and otherwise the names are listed") {
  CHECK(suggestion("techer_temp", {"student_temp", "teacher_temp"}) == "; did you mean \"teacher_temp\"?");
  CHECK(suggestion("fvti", {"iresnet", "fvit"}) == "; did you mean \"fvit\"?");
  CHECK(suggestion("x", {"lr", "momentum"}) == "; one of \"lr\", \"momentum\"");
  CHECK(suggestion("resnet", {"fvit"}) == "; one of \"fvit\"");
  CHECK(suggestion("anything", {}) == "");
}

TEST_CASE("diagnostics: suggested plugins are named in the order given") {
  CHECK(suggest_capable({"fvit", "vit"}) == "; try \"fvit\", \"vit\"");
  CHECK(suggest_capable({"fvit"}) == "; try \"fvit\"");
  CHECK(suggest_capable({}) == "");
}
