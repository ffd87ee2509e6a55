#include <memory>

#include <CLI/CLI.hpp>

#include "kernel/model/export.h"
#include "kernel/model/python_export.h"
#include "kernel/recipe/diagnostics.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/commands/given_options.h"
#include "runner/tools/weights/written.h"

namespace lafs {

namespace {

struct ExportArguments {
  ExportRequest weights;
  PythonExportRequest python;
};

int run_export(const CLI::App& command, ExportArguments& arguments, const Invocation& invocation) {
  auto& [weights, python] = arguments;
  const bool for_python = command.count("--python") > 0;
  if (for_python) no_effect(command, {"--map", "--out"}, "with --python");
  if (!for_python) no_effect(command, {"--stage"}, "without --python");
  if (!for_python && given_options(command, {"--map", "--out"}).size() < 2)
    throw RecipeError({"lafs export: error: it needs --map and --out, for another program's names, or --python"});
  python.checkpoint = weights.checkpoint;
  const Registry registry = load_plugins(invocation);
  if (for_python) {
    print_written(python, export_python(python, registry));
  } else {
    print_written(weights, export_weights(weights, registry));
  }
  return done;
}

}  // namespace

Command add_export(CLI::App& app) {
  auto arguments = std::make_shared<ExportArguments>();
  auto& [weights, python] = *arguments;
  CLI::App* command = app.add_subcommand("export", "write weights under another program's names, or a network for PyTorch");
  const char* checkpoint = "run or checkpoint folder; with --map also a file with our names";
  command->add_option("checkpoint", weights.checkpoint, checkpoint)->required()->type_name("PATH");
  command->add_option("--map", weights.map, "name map that is run backwards, see lafs describe")->type_name("NAME");
  const char* out = "file to write; its extension selects the format: .pth (plain PyTorch loads it) or .safetensors";
  output_option(*command, "--out", weights.out, out, &python.replace);
  const char* folder = "folder to write: weights, options, input contract, and a PyTorch class that loads them";
  command->add_option("--python", python.folder, folder)->type_name("DIR");
  command->add_option("--stage", python.stage, "with --python: this stage of a row's folder")->type_name("NAME");
  return {command, [command, arguments](const Invocation& invocation) { return run_export(*command, *arguments, invocation); }};
}

}  // namespace lafs
