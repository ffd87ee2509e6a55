#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "kernel/model/export.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"

namespace lafs {

namespace {

int run_export(const ExportRequest& request, const Invocation& invocation) {
  const ExportedWeights weights = export_weights(request, load_plugins(invocation));
  fmt::print("{} of {} tensors of \"{}\" under the names of map \"{}\" in \"{}\"\n", weights.tensors - weights.left_out.size(),
             weights.tensors, weights.file.string(), request.map, request.out.string());
  for (const std::string& name : weights.left_out) fmt::print("  left out: {}\n", name);
  return done;
}

}  // namespace

Command add_export(CLI::App& app) {
  auto arguments = std::make_shared<ExportRequest>();
  ExportRequest& request = *arguments;
  CLI::App* command = app.add_subcommand("export", "write weights under another program's names, by a name map run backwards");
  command->add_option("checkpoint", request.checkpoint, "run or checkpoint folder, or a file with our names")
      ->required()
      ->type_name("PATH");
  command->add_option("--map", request.map, "name map, see lafs describe")->required()->type_name("NAME");
  const char* help = "file to write; its extension selects the format: .pth (plain PyTorch loads it) or .safetensors";
  output_option(*command, "--out", request.out, help)->required();
  return {command, [arguments](const Invocation& invocation) { return run_export(*arguments, invocation); }};
}

}  // namespace lafs
