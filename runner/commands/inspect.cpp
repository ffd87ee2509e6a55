#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/tools/inspect/inspect.h"

namespace lafs {

namespace {

struct InspectArguments {
  std::filesystem::path path;
  bool json = false;
};

int run_inspect(const InspectArguments& arguments) {
  const nlohmann::json facts = inspect(arguments.path);
  if (arguments.json) {
    fmt::print("{}\n", json_text(facts));
  } else {
    print_inspected(facts);
  }
  return done;
}

}  // namespace

Command add_inspect(CLI::App& app) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command =
      app.add_subcommand("inspect", "list what is in a file of weights or faces: names, shapes, types, sizes, other values");
  command->add_option("path", arguments->path, ".pth, .safetensors or face .bin file, or the folder of a checkpoint or run")
      ->required()
      ->type_name("PATH");
  command->add_flag("--json", arguments->json, "as JSON");
  return {command, [arguments](const Invocation&) { return run_inspect(*arguments); }};
}

}  // namespace lafs
