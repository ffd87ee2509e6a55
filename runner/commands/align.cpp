#include <memory>

#include <CLI/CLI.hpp>

#include "lafs/parallel.h"
#include "runner/commands/align_arguments.h"
#include "runner/commands/command.h"

namespace lafs {

namespace {

int run_align(AlignArguments& arguments, const CLI::App& command) {
  arguments.check(command);
  AlignRequest& request = arguments.request;
  request.order = arguments.order == "auto" ? PointOrder::automatic : arguments.order == "pairs" ? PointOrder::pairs : PointOrder::columns;
  request.pictures.skip_missing = arguments.missing == "skip";
  request.pictures.exif = arguments.exif == "apply" ? imaging::Exif::apply : imaging::Exif::ignore;
  request.records = arguments.to == "records";
  return align_pictures(request, arguments.quiet, arguments.json) ? done : stopped;
}

}  // namespace

Command add_align(CLI::App& app) {
  auto arguments = std::make_shared<AlignArguments>();
  arguments->request.output.threads = hardware_threads();
  CLI::App* command = app.add_subcommand("align", "align faces by five points: a folder of pictures to a folder, or to a record set");
  arguments->add_to(*command);
  return {command, [arguments, command](const Invocation&) { return run_align(*arguments, *command); }};
}

}  // namespace lafs
