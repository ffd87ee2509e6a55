#include "runner/tools/show/margin.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/show.h"

namespace lafs {

Command add_show_margin(CLI::App& show) {
  auto margin = std::make_shared<ShowMargin>();
  CLI::App* command = show.add_subcommand("margin", "draw what margin heads make of the angle between a sample and its class");
  command->add_option("head", margin->heads, "heads, each with options as in a recipe: arcface:margin=0.3,safe=false")
      ->required()
      ->expected(1, 8)
      ->type_name("HEAD");
  command->add_option("--norm", margin->norms, "lengths of the embedding, for heads that look at it; default 20")
      ->expected(1, 8)
      ->check(CLI::PositiveNumber)
      ->type_name("NUMBER");
  command->add_option("--out", margin->out, "PNG file to write")->type_name("FILE")->capture_default_str();
  command->add_flag("--force", margin->force, "overwrite the file");
  command->footer(
      "Above the logit of the target, divided by the head's scale, and below how much less than the cosine it is. Running statistics are\n"
      "those of a new head, and margins that are drawn at random are at their mean.\n"
      "  lafs show margin cosface arcface 'arcface:formulation=\"trig\"' adaface --norm 10 40");
  return {command, [margin](const Invocation& invocation) {
            Registry registry = load_plugins(invocation);
            show_margin(*margin, registry);
            return done;
          }};
}

}  // namespace lafs
