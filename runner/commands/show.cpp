#include "runner/commands/show.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"

namespace lafs {

void add_model_options(CLI::App& command, ShowModel& model, const std::string& fallback) {
  model_argument(command, model.checkpoint);
  command.add_option("picture", model.pictures, "picture files, or folders of them")->required()->type_name("PICTURE");
  command.add_option("--stage", model.stage, "stage of a row's folder")->type_name("NAME");
  command.add_option("--of", model.of, "backbone to use, as a path in the model: teacher.backbone, landmark_source")->type_name("PATH");
  command.add_option("--pictures,-n", model.limit, "show at most this many")->check(CLI::Range(1, 4096))->capture_default_str();
  command.add_option("--zoom", model.zoom, "pixels of the sheet for a pixel of the network's input; 0: chosen by its size")
      ->check(CLI::Range(0, 32))
      ->capture_default_str();
  command.add_option("--out", model.out, fmt::format("PNG file to write; default {}", fallback))->type_name("FILE");
  command.add_flag("--json", model.json, "numbers on standard output, and a PNG only if --out names one");
  command.add_flag("--force", model.force, "overwrite the file");
}

Command add_show(CLI::App& app) {
  CLI::App* show = app.add_subcommand(
      "show", "draw views, landmarks, attention, curves, the hardest pairs and margins, to look at before and after a long run");
  show->require_subcommand(1);
  return one_of(show, {add_show_views(*show), add_show_landmarks(*show), add_show_attention(*show), add_show_curves(*show),
                       add_show_hardest(*show), add_show_margin(*show)});
}

}  // namespace lafs
