#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/commands/new.h"
#include "runner/tools/scaffold/scaffold.h"

namespace lafs {

namespace {

struct NewPluginArguments {
  NewPlugin plugin;
  std::filesystem::path folder;
};

int run_new_plugin(const NewPluginArguments& arguments, const Invocation& invocation) {
  const auto& [plugin, given] = arguments;
  const Registry registry = load_plugins(invocation);
  check_new_plugin(plugin, registry);
  const std::filesystem::path folder = given.empty() ? std::filesystem::path(plugin.name) : given;
  for (const auto& file : write_scaffold(plugin, folder)) fmt::print("wrote {}\n", file.string());
  fmt::print("{}", scaffold_advice(folder, invocation.program.parent_path().parent_path()));
  return done;
}

}  // namespace

Command add_new_plugin(CLI::App& app) {
  auto arguments = std::make_shared<NewPluginArguments>();
  CLI::App* command = app.add_subcommand("plugin", "write a plugin to start from, with its build, recipe and tests");
  command->footer(
      "lafs new plugin head sine_margin writes sine_margin/: a head that builds, passes the conformance tests, and trains as generated.\n"
      "lafs new plugin objective my_method --base two_views writes a self-supervised method that is little more than its equation.");
  NewPlugin& plugin = arguments->plugin;
  command->add_option("kind", plugin.kind, "data_source, augmentation, backbone, projector, head, objective, optimizer or evaluator")
      ->required()
      ->type_name("KIND");
  command->add_option("name", plugin.name, "name used in recipes: lower-case letters, digits and _")->required()->type_name("NAME");
  command
      ->add_option(
          "--base", plugin.base,
          "of an objective: two_views compares two views of a picture, in a class that is little more than an equation; without it a "
          "student and its teacher, written out")
      ->check(CLI::IsMember(objective_bases()))
      ->type_name("BASE");
  command->add_option("--dir", arguments->folder, "folder to write; default ./NAME")->type_name("DIR");
  return {command, [arguments](const Invocation& invocation) { return run_new_plugin(*arguments, invocation); }};
}

}  // namespace lafs
