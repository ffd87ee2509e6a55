#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "kernel/run/replay.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/commands/device_arguments.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

struct ReplayArguments {
  ReplayRequest request;
  RecipeArguments common;
  DeviceArguments device;
  bool json = false;
};

int run_replay(ReplayArguments& arguments, const Invocation& invocation) {
  ReplayRequest& request = arguments.request;
  request.context = arguments.common.context();
  arguments.device.override_in(request.context);
  request.note = [](const std::string& text) { say("{}\n", text); };
  Registry registry = load_plugins(invocation);
  const Replay outcome = replay(request, registry);
  fmt::print("{}", arguments.json ? json_text(replay_json(outcome)) + "\n" : replay_text(outcome));
  return outcome.equal() ? done : failed;
}

}  // namespace

Command add_replay(CLI::App& app) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app.add_subcommand("replay", "run a step again whose loss or gradient was not finite, and name the first layer");
  command->add_option("bundle", arguments->request.bundle, "folder not_finite of a run, or the run's folder")->required()->type_name("DIR");
  arguments->device.add_to(*command);
  arguments->common.add_to(*command);
  command->add_flag("--json", arguments->json, "as JSON");
  command->footer(
      "The bundle holds the state before the step, so that the step can be run again bit for bit, also on another device.\n"
      "Exit status 0: it came out the same, bit for bit; 1: it lists what differs.");
  return computing({command, [arguments](const Invocation& invocation) { return run_replay(*arguments, invocation); }});
}

}  // namespace lafs
