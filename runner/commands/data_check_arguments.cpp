#include "runner/commands/data_check_arguments.h"

#include <CLI/CLI.hpp>

namespace lafs {

namespace {

void add_model_options(CLI::App& command, ModelCheckRequest& model) {
  CLI::Option* given = command.add_option("--model", model.model,
                                          "judge labels and copies by the embeddings of this model, as lafs embed takes it, or by the "
                                          "features of these pictures that it wrote");
  given->type_name("MODEL");
  input_option(command, model.input)->needs(given);
  const char* margin = "a picture is probably mislabelled when its cosine to another identity is so much larger than to its own";
  command.add_option("--margin", model.margin, margin)->check(CLI::Range(0.0, 2.0))->capture_default_str()->needs(given);
  batch_option(command, model.batch);
  choice_option(command, "--device", model.device, {"auto", "cpu", "cuda"}, "auto: cuda if the machine has it");
  for (const char* option : {"--batch", "--device"}) command.get_option(option)->needs(given);
}

}  // namespace

void DataCheckArguments::add_to(CLI::App& command) {
  source.add_to(command);
  const char* other = "another source: look for pictures and names of people that both have";
  CLI::Option* against = command.add_option("--against", request.against, other)->type_name("SOURCE");
  add_model_options(command, request.model);
  CLI::Option* drawn = output_option(command, "--sheet", sheet, "draw what is suspicious as a PNG file", &force);
  command.add_flag("--record", request.record, "keep what was found beside the data, so that runs on the same data say it");
  CLI::Option* failing = command.add_flag("--strict", strict, "leave with 1 for what is only suspicious, too");
  const char* most = "list and draw at most so many of each suspicious finding; --json lists all";
  command.add_option("--list", request.listed, most)->check(CLI::Range(0, 100000))->capture_default_str();
  CLI::Option* only = command.add_flag("--decode-only", request.decode_only, "only decode every picture; look for nothing else");
  for (CLI::Option* without_effect : {against, command.get_option("--model"), drawn, failing}) only->excludes(without_effect);
  command.add_option("--threads", request.threads, "threads that decode and compare")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--quiet,-q", request.quiet, "no progress");
  command.add_flag("--json", request.json, "as JSON");
}

}  // namespace lafs
