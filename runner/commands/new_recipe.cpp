#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "runner/commands/new.h"
#include "runner/tools/scaffold/recipe_scaffold.h"

namespace lafs {

namespace {

int run_new_recipe(const NewRecipe& request, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const auto [files, notes] = write_recipe(request, registry);
  for (const auto& file : files) fmt::print("wrote {}\n", file.string());
  for (const std::string& note : notes) fmt::print("note: {}\n", note);
  fmt::print("{}", recipe_advice(request));
  return done;
}

}  // namespace

Command add_new_recipe(CLI::App& app) {
  auto request = std::make_shared<NewRecipe>();
  CLI::App* command = app.add_subcommand("recipe", "write a recipe to start from, with a comment on every setting");
  command
      ->add_option(
          "kind", request->kind,
          "run: one training; row: stages, later ones from weights of earlier ones; grid: an ablation, with the run that it varies")
      ->required()
      ->type_name("run|row|grid");
  command->add_option("file", request->file, "file to write, ending in .toml; no file is overwritten")->required()->type_name("FILE");
  command
      ->add_option("--data", request->data,
                   "your pictures: a folder for each person, or a record set; without it drawn faces of people who do not exist")
      ->type_name("DIR");
  command->add_option("--objective", request->objective, "what is trained; default identification, of a row lafs")
      ->type_name(fmt::format("{}", fmt::join(recipe_objectives(), "|")));
  command->add_option("--backbone", request->backbone, "network; default fvit, of a row with lafs part_fvit and fvit")
      ->type_name(fmt::format("{}", fmt::join(recipe_backbones(), "|")));
  command->footer(
      "The recipe runs as it is written, in a small network on a few processor cores. Of your pictures it trains on four fifths of the\n"
      "people and verifies the others.\n"
      "  lafs new recipe grid study.toml --data my_faces && lafs ablate study.toml");
  return {command, [request](const Invocation& invocation) { return run_new_recipe(*request, invocation); }};
}

}  // namespace lafs
