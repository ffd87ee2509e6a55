#include <memory>

#include <CLI/CLI.hpp>

#include "kernel/model/import.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/weights/account.h"

namespace lafs {

namespace {

struct ImportArguments {
  ImportRequest request;
  RecipeArguments common;
  bool json = false;
};

int run_import(ImportArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  arguments.request.context = arguments.common.context();
  const ImportedWeights weights = read_weights(arguments.request, registry);
  print_account(weights, arguments.json);
  write_weights(arguments.request, weights);
  return done;
}

}  // namespace

Command add_import(CLI::App& app) {
  auto arguments = std::make_shared<ImportArguments>();
  ImportRequest& request = arguments->request;
  CLI::App* command = app.add_subcommand("import", "convert another program's weights to our names, and report every tensor");
  const char* what = ".pth or .safetensors file, or the folder of a checkpoint or run";
  command->add_option("file", request.file, what)->required()->type_name("FILE");
  command->add_option("--map", request.map, "name map, see lafs describe; left out where the file has our names")->type_name("NAME");
  command->add_option("--into", request.into, "recipe (its backbone, or its objective, as the map says) or backbone plugin")
      ->required()
      ->type_name("RECIPE|PLUGIN");
  command->add_option("--options", request.options, "options of the plugin: 'dim = 48'")->type_name("TOML");
  output_option(*command, "--out", request.out, "safetensors file to write")->required();
  command->add_option("--select", request.select, "take only tensors with this prefix, and remove it first")->type_name("PREFIX");
  command->add_option("--only", request.only, "load only these (globs on our names)")->type_name("GLOB");
  command->add_option("--except", request.except, "do not load these (globs on our names)")->type_name("GLOB");
  const char* unused = "allow the file to have these in loaded parts without a place (globs on our names)";
  command->add_option("--unused", request.unused, unused)->type_name("GLOB");
  command->add_option("--floor", request.floor, "share of the tensors asked for that must be found")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  arguments->common.add_to(*command);
  command->add_flag("--json", arguments->json, "the report as JSON");
  return {command, [arguments](const Invocation& invocation) { return run_import(*arguments, invocation); }};
}

}  // namespace lafs
