#include "runner/commands/align_arguments.h"

#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/given_options.h"

namespace lafs {

void AlignArguments::add_to(CLI::App& app) {
  app.add_option("pictures", request.pictures.pictures, "folder of pictures, at any depth")->required()->type_name("DIR");
  app.add_option("--out", request.output.out, "a new or an empty folder")->required()->type_name("DIR");
  app.add_option("--landmarks", request.landmarks, "list of five points of each picture")->type_name("FILE");
  app.add_option("--detector", request.detector, "instead of a list: a YuNet model that finds them")->type_name("FILE");
  choice_option(app, "--order", order, {"auto", "pairs", "columns"}, "of a list: pairs x0 y0 x1 y1 .., columns x0 .. x4 y0 .. y4");
  app.add_option("--scale", request.scale, "factor for the list's coordinates")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--score", request.least_score, "least score of a detected face")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  choice_option(app, "--template", request.pictures.face_template, {"arcface", "sphereface"}, "where the five points come to");
  app.add_option("--size", request.pictures.size, "rows of an aligned picture")->check(CLI::Range(112, 1024))->capture_default_str();
  choice_option(app, "--exif", exif, {"ignore", "apply"}, "apply: turn pictures as their EXIF data says before all else");
  choice_option(app, "--missing", missing, {"error", "skip"}, "pictures without a face, or that cannot be read: skip lists them");
  choice_option(app, "--to", to, {"folder", "records"}, "a folder of pictures, or a record set with a person a folder");
  choice_option(app, "--format", request.output.format, {"png", "jpeg"}, "png loses nothing");
  app.add_option("--quality", request.output.quality, "of JPEG")->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--threads", request.output.threads, "threads")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_flag("--quiet,-q", quiet, "no progress");
  app.add_flag("--json", json, "what was written, as JSON");
}

void AlignArguments::check(const CLI::App& app) const {
  const bool listed = !request.landmarks.empty(), detected = !request.detector.empty();
  if (detected && !listed) no_effect(app, {"--order", "--scale"}, "with --detector");
  if (listed && !detected) no_effect(app, {"--score"}, "with --landmarks");
  if (request.output.format == "png") no_effect(app, {"--quality"}, "with --format png");
}

}  // namespace lafs
