#include <memory>

#include <CLI/CLI.hpp>

#include "lafs/parallel.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/align/align.h"

namespace lafs {

namespace {

struct AlignArguments {
  AlignRequest request;
  std::string order = "auto", missing = "error", exif = "ignore", to = "folder";
  bool quiet = false, json = false;
};

int run_align(AlignArguments& arguments) {
  AlignRequest& request = arguments.request;
  request.order = arguments.order == "auto" ? PointOrder::automatic : arguments.order == "pairs" ? PointOrder::pairs : PointOrder::columns;
  request.pictures.skip_missing = arguments.missing == "skip";
  request.pictures.exif = arguments.exif == "apply" ? imaging::Exif::apply : imaging::Exif::ignore;
  request.records = arguments.to == "records";
  return align_pictures(request, arguments.quiet, arguments.json) ? done : stopped;
}

void add_options(CLI::App& command, AlignArguments& arguments) {
  auto& [request, order, missing, exif, to, quiet, json] = arguments;
  command.add_option("pictures", request.pictures.pictures, "folder of pictures, at any depth")->required()->type_name("DIR");
  command.add_option("--out", request.output.out, "a new or an empty folder")->required()->type_name("DIR");
  command.add_option("--landmarks", request.landmarks, "list of five points of each picture")->type_name("FILE");
  command.add_option("--detector", request.detector, "instead of a list: a YuNet model that finds them")->type_name("FILE");
  choice_option(command, "--order", order, {"auto", "pairs", "columns"}, "of a list: pairs x0 y0 x1 y1 .., columns x0 .. x4 y0 .. y4");
  command.add_option("--scale", request.scale, "factor for the list's coordinates")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--score", request.least_score, "least score of a detected face")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  choice_option(command, "--template", request.pictures.face_template, {"arcface", "sphereface"}, "where the five points come to");
  command.add_option("--size", request.pictures.size, "rows of an aligned picture")->check(CLI::Range(112, 1024))->capture_default_str();
  choice_option(command, "--exif", exif, {"ignore", "apply"}, "apply: turn pictures as their EXIF data says before all else");
  choice_option(command, "--missing", missing, {"error", "skip"}, "pictures without a face, or that cannot be read: skip lists them");
  choice_option(command, "--to", to, {"folder", "records"}, "a folder of pictures, or a record set with a person a folder");
  choice_option(command, "--format", request.output.format, {"png", "jpeg"}, "png loses nothing");
  command.add_option("--quality", request.output.quality, "of JPEG")->check(CLI::Range(1, 100))->capture_default_str();
  command.add_option("--threads", request.output.threads, "threads")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--quiet,-q", quiet, "no progress");
  command.add_flag("--json", json, "what was written, as JSON");
}

}  // namespace

Command add_align(CLI::App& app) {
  auto arguments = std::make_shared<AlignArguments>();
  arguments->request.output.threads = hardware_threads();
  CLI::App* command = app.add_subcommand("align", "align faces by five points: a folder of pictures to a folder, or to a record set");
  add_options(*command, *arguments);
  return {command, [arguments](const Invocation&) { return run_align(*arguments); }};
}

}  // namespace lafs
