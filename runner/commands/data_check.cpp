#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/data.h"
#include "runner/commands/data_check_arguments.h"
#include "runner/tools/data/check_text.h"
#include "runner/tools/show/check_sheet.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

int run_data_check(DataCheckArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  arguments.request.source = arguments.source.request;
  arguments.request.context = arguments.source.common.context();
  const DataCheck check = check_data_source(arguments.request, registry);
  if (check.findings.stopped) return stopped;
  if (!arguments.sheet.empty()) write_sheet(arguments.sheet, check_sheet(check, arguments.request.listed).draw(), arguments.force);
  return check.ends_training() || (arguments.strict && !suspicions(check).empty()) ? failed : done;
}

}  // namespace

Command add_data_check(CLI::App& data) {
  auto arguments = std::make_shared<DataCheckArguments>();
  CLI::App* command = data.add_subcommand("check", "look a data source through before a training: damage, copies, labels, colours");
  arguments->add_to(*command);
  command->footer(
      "Leaves with 1 when a picture is damaged or an identity has no whole picture. Copies, red and blue exchanged, mislabelled\n"
      "pictures and what --against finds are only suspicious: they leave with 0, with --strict with 1.\n"
      "  lafs data check faces --sheet suspicious.png\n"
      "  lafs data check faces --against test_faces --strict\n"
      "  lafs data check faces --model runs/arcface --record");
  return computing({command, [arguments](const Invocation& invocation) { return run_data_check(*arguments, invocation); }});
}

}  // namespace lafs
