#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "lafs/error.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"
#include "runner/tools/report/rewrite.h"
#include "runner/tools/report/serve.h"

namespace lafs {

namespace {

struct ReportArguments {
  std::vector<std::filesystem::path> folders;
  bool serve = false;
  uint16_t port = 6070;
};

int run_report(const ReportArguments& arguments) {
  if (!arguments.serve) {
    for (const std::filesystem::path& folder : arguments.folders) fmt::print("{}\n", rewrite_report(folder).string());
    return done;
  }
  if (arguments.folders.size() != 1) throw RecipeError({"lafs report: error: --serve takes one folder, that of all the runs"});
  serve_runs(arguments.folders.front(), arguments.port,
             [](uint16_t port) { say("serving at http://127.0.0.1:{}/ until Ctrl-C; other machines cannot see it\n", port); });
  return done;
}

}  // namespace

Command add_report(CLI::App& app) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand("report", "write report.html of runs, rows and grids again, or serve a folder of runs");
  auto* folders = command->add_option("folder", arguments->folders, "folders of runs, rows or grids; with --serve a folder of such");
  folders->required()->expected(1, 100000)->type_name("DIR");
  auto* serve = command->add_flag("--serve", arguments->serve, "a list of all runs below the folder, live, for a browser on this machine");
  command->add_option("--port", arguments->port, "port to serve at; 0 for any that is free")->needs(serve)->capture_default_str();
  command->footer(
      "A run writes its report when it ends. Use this for a run that still trains, or to add pictures that lafs show wrote later:\n"
      "  lafs show attention runs/dino faces/ --out runs/dino/attention.png && lafs report runs/dino\n"
      "  lafs report --serve runs/");
  return {command, [arguments](const Invocation&) { return run_report(*arguments); }};
}

}  // namespace lafs
