#include "kernel/recipe/option_types.h"

#include <doctest/doctest.h>

#include "kernel/recipe/tables.h"
#include "kernel/registry/registry.h"
#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;

TEST_CASE("option types: a slot goes to the handler of its type, a list to that of lists, the rest to the last") {
  const auto handled = [](const Slot& slot) {
    return by_type(
        slot, [](Path&) { return std::string("path"); }, [](Schedule&) { return std::string("schedule"); },
        []<typename T>(std::vector<T>&) { return std::string("list"); }, [](auto&) { return std::string("other"); });
  };
  Path path;
  Schedule schedule;
  std::vector<Path> paths;
  bool flag = false;
  CHECK(handled(&path) == "path");
  CHECK(handled(&schedule) == "schedule");
  CHECK(handled(&paths) == "list");
  CHECK(handled(&flag) == "other");
}

TEST_CASE("option types: every type has one name") {
  int64_t count = 0;
  std::vector<double> weights;
  std::vector<Path> paths;
  Schedule schedule;
  CHECK(type_text(&count) == "integer");
  CHECK(type_text(&weights) == "list of reals");
  CHECK(type_text(&paths) == "list of paths");
  CHECK(type_text(&schedule) == "schedule");
  CHECK(type_name<int64_t>.with_article() == "an integer");
}

TEST_CASE("tables: the recipe has a table for each kind, and evaluators are a list") {
  for (const std::string& kind : Registry::kinds()) CHECK(recipe_table(kind).form == RecipeTable::Form::component);
  CHECK(recipe_table("evaluator").list);
  CHECK(own_keys(recipe_table("evaluator")) == std::vector<std::string>{"name", "while_training", "scaling"});
  CHECK(own_keys(recipe_table("backbone")).empty());
  CHECK(test::error_of([] { recipe_table("rum"); }) == "a recipe has no table \"rum\"; did you mean \"run\"?");
}
