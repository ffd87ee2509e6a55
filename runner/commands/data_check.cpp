#include <memory>

#include <CLI/CLI.hpp>

#include "lafs/parallel.h"
#include "runner/commands/arguments.h"
#include "runner/commands/data.h"
#include "runner/tools/data/check.h"

namespace lafs {

namespace {

struct DataCheckArguments {
  SourceArguments source;
  int64_t threads = hardware_threads();
  bool quiet = false, json = false;
};

int run_data_check(const DataCheckArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const auto& [request, common] = arguments.source;
  switch (check_data_source(open_source(request, common.context(), registry), arguments.threads, arguments.quiet, arguments.json)) {
    case DataFinding::whole:
      return done;
    case DataFinding::damaged:
      return failed;
    case DataFinding::stopped:
      break;
  }
  return stopped;
}

}  // namespace

Command add_data_check(CLI::App& data) {
  auto arguments = std::make_shared<DataCheckArguments>();
  CLI::App* command = data.add_subcommand("check", "decode every picture of a data source and list the damaged ones");
  arguments->source.add_to(*command);
  command->add_option("--threads", arguments->threads, "threads that decode")->check(CLI::Range(1, 1024))->capture_default_str();
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->add_flag("--json", arguments->json, "as JSON");
  command->footer("Leaves with 1 when a picture is damaged or an identity has no whole picture.");
  return {command, [arguments](const Invocation& invocation) { return run_data_check(*arguments, invocation); }};
}

}  // namespace lafs
