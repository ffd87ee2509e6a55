#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/show.h"

namespace lafs {

namespace {

struct ShowViewsArguments {
  ShowViews show;
  RecipeArguments common;
};

int run_show_views(ShowViewsArguments& arguments, const Invocation& invocation) {
  arguments.show.context = arguments.common.context();
  arguments.show.stage = arguments.common.stage;
  arguments.show.inputs = arguments.common.inputs;
  Registry registry = load_plugins(invocation);
  show_views(arguments.show, registry);
  return done;
}

}  // namespace

Command add_show_views(CLI::App& show) {
  auto arguments = std::make_shared<ShowViewsArguments>();
  CLI::App* command = show.add_subcommand("views", "draw a sheet of training pictures with every view that is made of them");
  recipe_argument(*command, arguments->show.recipe);
  command->add_option("--pictures,-n", arguments->show.request.pictures, "training pictures, one row each")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  command->add_option("--epoch", arguments->show.request.epoch, "epoch to draw, 0 the first")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--zoom", arguments->show.request.zoom, "pixels of the sheet for a pixel of a view; 0: chosen by its size")
      ->check(CLI::Range(0, 32))
      ->capture_default_str();
  command->add_option("--out", arguments->show.out, "PNG file to write")->type_name("FILE")->capture_default_str();
  command->add_flag("--force", arguments->show.force, "overwrite the file");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "stage of a row");
  arguments->common.add_inputs_to(*command);
  command->footer(
      "The original first, then the views in the order of the augmentation's groups: exactly those of `lafs run`, by the seed of the\n"
      "recipe. Where the objective looks at landmarks, each \"_clean\" view has a white dot at every landmark that was found and a\n"
      "coloured one, at the end of a line, where a patch was cut; the patches follow in the order of their tokens, upright.\n"
      "  lafs show views recipes/lafs_synthetic.toml --pictures 4 --set objective.noise_local=8");
  return {command, [arguments](const Invocation& invocation) { return run_show_views(*arguments, invocation); }};
}

}  // namespace lafs
