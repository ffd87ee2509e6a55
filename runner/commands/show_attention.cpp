#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/show.h"

namespace lafs {

Command add_show_attention(CLI::App& show) {
  auto model = std::make_shared<ShowModel>();
  CLI::App* command = show.add_subcommand("attention", "draw what the class token of a trained model looks at in pictures");
  add_model_options(*command, *model, "attention.png");
  command->add_option("--block", model->block, "block whose heads are shown: last, a number from 0, or from the end: -2")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--threshold", model->threshold, "share of the attention in the masks; 0: no masks")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->footer(
      "One map for each head, their mean, and the roll-out over all blocks: the product of the blocks' matrices, each the mean over heads "
      "plus\n"
      "the identity with rows of sum 1. Colours span from 0 to the largest number of each map. The masks keep the tokens with the\n"
      "largest numbers that hold about the given share of a map's sum. For part_fvit a token is a disc at its landmark.\n"
      "  lafs show attention runs/dino faces/ --of student.backbone --block -2");
  return {command, [model](const Invocation& invocation) {
            Registry registry = load_plugins(invocation);
            show_attention(*model, registry);
            return done;
          }};
}

}  // namespace lafs
