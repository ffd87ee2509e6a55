#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/show.h"

namespace lafs {

Command add_show_landmarks(CLI::App& show) {
  auto model = std::make_shared<ShowModel>();
  CLI::App* command = show.add_subcommand("landmarks", "draw where a trained model puts its landmarks in pictures");
  add_model_options(*command, *model, "landmarks.png");
  command->footer(
      "The backbone is the encoder, or the landmark source of a LAFS pre-training. A picture of another size is resized as in an\n"
      "evaluation; coordinates are pixels of the network's input, x and y; whole numbers are pixel centres.\n"
      "  lafs show landmarks runs/part_fvit faces/ --out landmarks.png\n"
      "  lafs show landmarks runs/lafs face.png --of landmark_source --json");
  return {command, [model](const Invocation& invocation) {
            Registry registry = load_plugins(invocation);
            show_landmarks(*model, registry);
            return done;
          }};
}

}  // namespace lafs
