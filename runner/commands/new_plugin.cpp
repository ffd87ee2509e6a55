#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/commands/new.h"
#include "runner/tools/scaffold/scaffold.h"

namespace lafs {

namespace {

struct NewPluginArguments {
  std::string kind, name;
  std::filesystem::path folder;
};

int run_new_plugin(const NewPluginArguments& arguments, const Invocation& invocation) {
  const auto& [kind, name, given] = arguments;
  const Registry registry = load_plugins(invocation);
  check_new_plugin(kind, name, registry);
  const std::filesystem::path folder = given.empty() ? std::filesystem::path(name) : given;
  for (const auto& file : write_scaffold(kind, name, folder)) fmt::print("wrote {}\n", file.string());
  fmt::print("{}", scaffold_advice(folder, invocation.program.parent_path().parent_path()));
  return done;
}

}  // namespace

Command add_new_plugin(CLI::App& app) {
  auto arguments = std::make_shared<NewPluginArguments>();
  CLI::App* command = app.add_subcommand("plugin", "write a plugin to start from, with its build, recipe and tests");
  command->footer(
      "lafs new plugin head sine_margin writes sine_margin/: a head that builds, passes the conformance tests, and trains as generated.");
  command->add_option("kind", arguments->kind, "data_source, augmentation, backbone, projector, head, objective, optimizer or evaluator")
      ->required()
      ->type_name("KIND");
  command->add_option("name", arguments->name, "name used in recipes: lower-case letters, digits and _")->required()->type_name("NAME");
  command->add_option("--dir", arguments->folder, "folder to write; default ./NAME")->type_name("DIR");
  return {command, [arguments](const Invocation& invocation) { return run_new_plugin(*arguments, invocation); }};
}

}  // namespace lafs
