#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/commands/device_arguments.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"
#include "runner/tools/release/verify_release.h"

namespace lafs {

namespace {

struct VerifyReleaseArguments {
  VerifyReleaseRequest request;
  DeviceArguments device;
  RecipeArguments common;
  bool json = false, quiet = false;
};

int run_verify_release(VerifyReleaseArguments& arguments, const Invocation& invocation) {
  VerifyReleaseRequest& request = arguments.request;
  request.measure.context = arguments.common.context();
  arguments.device.override_in(request.measure.context);
  request.measure.note = [quiet = arguments.quiet](const std::string& text) { quiet ? void() : say("{}\n", text); };
  if (!arguments.quiet) request.measure.progress = tenths_of_pictures();
  Registry registry = load_plugins(invocation);
  if (request.rows.empty()) request.rows = own_rows(invocation.program);
  const ReleaseReport report = verify_release(request, registry);
  fmt::print("{}", arguments.json ? json_text(release_json(report)) + "\n" : release_text(report));
  if (report.has(Verdict::fail)) return problem_found;
  return report.has_faults() ? failed : report.agrees() ? done : cannot_tell;
}

}  // namespace

Command add_verify_release(CLI::App& app) {
  auto arguments = std::make_shared<VerifyReleaseArguments>();
  VerifyReleaseRequest& request = arguments->request;
  CLI::App* command = app.add_subcommand("verify-release", "measure released weights on released test sets, and compare published rows");
  command->add_option("folder", request.folder, "folder with the released weights and test sets")->required()->type_name("DIR");
  command->add_option("--out", request.measure.out, "folder in which results are kept and found again")->type_name("DIR");
  command->add_option("--rows", request.rows, "folder of row recipes; default those of the paper, which come with lafs")->type_name("DIR");
  command->add_flag("--published-only", request.published_only, "only pixels in [-0.5, 0.5] as RGB: a quarter of the work");
  batch_option(*command, request.measure.batch);
  arguments->device.add_to(*command);
  arguments->common.add_to(*command);
  command->add_flag("--json", arguments->json, "as JSON on standard output");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "Exit status: 0 all that was measured agrees, 1 a file cannot be used, 3 a published value was missed, 4 none could be judged.");
  return computing({command, [arguments](const Invocation& invocation) { return run_verify_release(*arguments, invocation); }});
}

}  // namespace lafs
