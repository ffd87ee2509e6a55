#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/recipe/row.h"
#include "lafs/suggestion.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"
#include "runner/tools/show/model_sheets.h"
#include "runner/tools/show/pictures.h"
#include "runner/tools/show/view_sheet.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct ViewArguments {
  fs::path recipe, out = "views.png";
  RecipeArguments common;
  ViewRequest request;
  bool force = false;
};

struct ModelArguments {
  fs::path checkpoint, out;
  std::vector<fs::path> pictures;
  std::string of, block = "last";
  int64_t limit = 16, zoom = 0;
  double threshold = 0.6;
  bool json = false, force = false;
};

void written(const fs::path& file, const Sheet& sheet) { say("{}: {} x {} pixels\n", file.string(), sheet.width(), sheet.height()); }

int show_views(const ViewArguments& arguments, const Invocation& invocation) {
  require_free(arguments.out, arguments.force);
  Registry registry = load_plugins(invocation);
  const Row row = open_row(arguments.recipe, arguments.common.context(), registry);
  if (!row.alone() && arguments.common.stage.empty()) {
    throw Error(
        fmt::format("\"{}\" is a row; --stage says which of its stages to show{}", arguments.recipe.string(), suggestion("", row.names())));
  }
  const Stage& stage = arguments.common.stage.empty() ? row.stages.front() : row.stage(arguments.common.stage);
  const Sheet sheet = view_sheet(row, stage, arguments.request, [](const std::string& text) { say("{}\n", text); }).draw();
  write_png(arguments.out, sheet.image(), arguments.force);
  written(arguments.out, sheet);
  return done;
}

std::vector<fs::path> chosen_pictures(const ModelArguments& arguments) {
  std::vector<fs::path> files = picture_files(arguments.pictures);
  const auto limit = static_cast<size_t>(arguments.limit);
  if (files.size() > limit) {
    say("the first {} of {} pictures; --pictures takes more\n", limit, files.size());
    files.resize(limit);
  }
  return files;
}

/// Numbers to standard output, and the sheet to its file unless only numbers were asked for.
int deliver(const ModelArguments& arguments, const fs::path& out, const nlohmann::json& numbers, const ContactSheet& contact) {
  if (arguments.json) fmt::print("{}\n", numbers.dump());
  if (arguments.json && arguments.out.empty()) return done;
  const Sheet sheet = contact.draw();
  write_png(out, sheet.image(), arguments.force);
  written(out, sheet);
  return done;
}

fs::path free_file(const ModelArguments& arguments, const char* fallback) {
  const fs::path out = arguments.out.empty() ? fs::path(fallback) : arguments.out;
  if (!arguments.json || !arguments.out.empty()) require_free(out, arguments.force);
  return out;
}

int show_landmarks(const ModelArguments& arguments, const Invocation& invocation) {
  const fs::path out = free_file(arguments, "landmarks.png");
  Registry registry = load_plugins(invocation);
  const ShownModel model = open_model(arguments.checkpoint, arguments.of, "landmarks", registry);
  std::vector<LandmarkNumbers> all;
  for (const fs::path& file : chosen_pictures(arguments)) all.push_back(find_landmarks(model, file));
  return deliver(arguments, out, landmarks_json(model, all), landmark_sheet(model, all, arguments.zoom));
}

int64_t block_number(const std::string& text) {
  if (text == "last") return -1;
  size_t used = 0;
  int64_t number = 0;
  try {
    number = std::stoll(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size()) throw Error(fmt::format("--block \"{}\" is neither \"last\" nor a number", text));
  return number;
}

int show_attention(const ModelArguments& arguments, const Invocation& invocation) {
  const fs::path out = free_file(arguments, "attention.png");
  const AttentionRequest request{block_number(arguments.block), arguments.threshold};
  Registry registry = load_plugins(invocation);
  const ShownModel model = open_model(arguments.checkpoint, arguments.of, "attention", registry);
  std::vector<AttentionNumbers> all;
  for (const fs::path& file : chosen_pictures(arguments)) all.push_back(find_attention(model, file, request));
  return deliver(arguments, out, attention_json(model, all), attention_sheet(model, all, arguments.zoom));
}

CLI::App* add_views(CLI::App& show, ViewArguments& arguments) {
  CLI::App* command = show.add_subcommand("views", "a sheet of training pictures with every view that is made of them");
  command->add_option("recipe", arguments.recipe, "recipe, a TOML file")->required()->type_name("FILE");
  command->add_option("--pictures,-n", arguments.request.pictures, "training pictures, a row each")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  command->add_option("--epoch", arguments.request.epoch, "epoch to draw, 0 the first")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--zoom", arguments.request.zoom, "pixels of the sheet for a pixel of a view; 0: chosen by its size")
      ->check(CLI::Range(0, 32))
      ->capture_default_str();
  command->add_option("--out", arguments.out, "PNG file to write")->type_name("FILE")->capture_default_str();
  command->add_flag("--force", arguments.force, "overwrite the file");
  arguments.common.add_to(*command);
  arguments.common.add_stage_to(*command, "stage of a row");
  command->footer(
      "The original first, then the views in the order of the augmentation's groups: exactly those of `lafs run`, by the seed of the\n"
      "recipe. Where the objective looks at landmarks, each \"_clean\" view has a white dot at every landmark that was found and a\n"
      "coloured one, at the end of a line, where a patch was cut; the patches follow in the order of their tokens, upright.\n"
      "  lafs show views recipes/lafs_synthetic.toml --pictures 4 --set objective.noise_local=8");
  return command;
}

void add_model_options(CLI::App& command, ModelArguments& arguments, const std::string& fallback) {
  command.add_option("checkpoint", arguments.checkpoint, "run folder (its best checkpoint, else the last) or checkpoint folder")
      ->required()
      ->type_name("DIR");
  command.add_option("picture", arguments.pictures, "picture files, or folders of them")->required()->type_name("PICTURE");
  command.add_option("--of", arguments.of, "backbone to ask, a path in the tree: teacher.backbone, landmark_source")->type_name("PATH");
  command.add_option("--pictures,-n", arguments.limit, "show at most so many")->check(CLI::Range(1, 4096))->capture_default_str();
  command.add_option("--zoom", arguments.zoom, "pixels of the sheet for a pixel of the network's input; 0: chosen by its size")
      ->check(CLI::Range(0, 32))
      ->capture_default_str();
  command.add_option("--out", arguments.out, fmt::format("PNG file to write; default {}", fallback))->type_name("FILE");
  command.add_flag("--json", arguments.json, "numbers on standard output; then a PNG only where --out names one");
  command.add_flag("--force", arguments.force, "overwrite the file");
}

CLI::App* add_landmarks(CLI::App& show, ModelArguments& arguments) {
  CLI::App* command = show.add_subcommand("landmarks", "where a trained model puts its landmarks in pictures");
  add_model_options(*command, arguments, "landmarks.png");
  command->footer(
      "The backbone is the encoder, or the landmark source of a LAFS pre-training. A picture of another size is resized as in an\n"
      "evaluation; coordinates are pixels of the network's input, x and y, pixel middles being whole numbers.\n"
      "  lafs show landmarks runs/part_fvit faces/ --out landmarks.png\n"
      "  lafs show landmarks runs/lafs face.png --of landmark_source --json");
  return command;
}

CLI::App* add_attention(CLI::App& show, ModelArguments& arguments) {
  CLI::App* command = show.add_subcommand("attention", "what the class token of a trained model looks at in pictures");
  add_model_options(*command, arguments, "attention.png");
  command->add_option("--block", arguments.block, "block whose heads are shown: last, a number from 0, or from the end: -2")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--threshold", arguments.threshold, "share of the mass in the masks; 0: no masks")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->footer(
      "A map a head, their mean, and the roll-out over all blocks: the product of the blocks' matrices, each the mean over heads plus\n"
      "the identity with rows of sum 1. Colours span from 0 to the largest number of each map. The masks keep the tokens with the\n"
      "largest numbers that hold about the given share of a map's sum. For part_fvit a token is a disc at its landmark.\n"
      "  lafs show attention runs/dino faces/ --of student.backbone --block -2");
  return command;
}

struct ShowArguments {
  ViewArguments views;
  ModelArguments landmarks, attention;
};

}  // namespace

Action add_show(CLI::App& app) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* command = app.add_subcommand("show", "pictures of views, landmarks and attention, to look at before and after a long run");
  command->require_subcommand(1);
  const CLI::App* views = add_views(*command, arguments->views);
  const CLI::App* landmarks = add_landmarks(*command, arguments->landmarks);
  add_attention(*command, arguments->attention);
  return [arguments, views, landmarks](const Invocation& invocation) {
    if (views->parsed()) return show_views(arguments->views, invocation);
    if (landmarks->parsed()) return show_landmarks(arguments->landmarks, invocation);
    return show_attention(arguments->attention, invocation);
  };
}

}  // namespace lafs
