#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/embed/embed.h"

namespace lafs {

namespace {

struct EmbedArguments {
  EmbeddingRequest request;
  SourceArguments source;
  bool quiet = false;
};

int run_embed(EmbedArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  auto& [request, source, quiet] = arguments;
  request.source = source.request;
  request.context = source.common.context();
  request.stage = source.common.stage;
  return embed(request, quiet, registry) ? done : stopped;
}

void add_options(CLI::App& command, EmbeddingRequest& request) {
  const char* out = "a .npy or .safetensors file; keys go to FILE.tsv, facts to FILE.json";
  command.add_option("--out", request.out, out)->required()->type_name("FILE");
  choice_option(command, "--flip", request.flip, {"contract", "sum", "none", "both"},
                "features of picture and mirror: their sum, the picture's alone, or both side by side");
  const char* tokens = "instead of the embedding, class tokens of the last N blocks, side by side";
  command.add_option("--class-tokens", request.class_tokens, tokens)->check(CLI::Range(0, 1000))->type_name("N")->capture_default_str();
  batch_option(command, request.options.batch);
  choice_option(command, "--device", request.device, {"auto", "cpu", "cuda"}, "auto: cuda if the machine has it");
  choice_option(command, "--precision", request.options.precision, {"fp32", "bf16", "fp16"},
                "precision of the forward pass; features are always float32");
  command.add_option("--threads", request.threads, "threads that compute")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_option("--loader-threads", request.options.threads, "threads that decode")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--force", request.replace, "start over and replace what exists");
}

}  // namespace

Command add_embed(CLI::App& app) {
  auto arguments = std::make_shared<EmbedArguments>();
  CLI::App* command = app.add_subcommand("embed", "write features of every picture of a data source, as .npy or safetensors");
  any_model_arguments(*command, arguments->request.checkpoint, arguments->request.input);
  arguments->source.add_to(*command);
  arguments->source.common.add_stage_to(*command, "this stage of a row's folder");
  add_options(*command, arguments->request);
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "Without SOURCE: the pictures the model was trained on. If interrupted, rerun the same command to go on; rows are the same\n"
      "either way. The model runs under the input contract saved with it.");
  return computing({command, [arguments](const Invocation& invocation) { return run_embed(*arguments, invocation); }});
}

}  // namespace lafs
