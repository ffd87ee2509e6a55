#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/fingerprint.h"
#include "formats/safetensors.h"
#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/feature_file.h"
#include "kernel/model/trained_model.h"
#include "kernel/ranks/device.h"
#include "kernel/run/interrupt.h"
#include "lafs/stamp.h"
#include "runner/commands/source_arguments.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct EmbedArguments {
  fs::path checkpoint, out;
  SourceArguments source;
  EmbedderOptions options;
  std::string device = "auto", flip = "contract";
  int64_t class_tokens = 0;
  int64_t threads = std::max(1u, std::thread::hardware_concurrency());
  bool force = false, quiet = false;
};

/// Of every tensor's recorded hash: another training, another step or another import has another one.
std::string fingerprint_of(const fs::path& weights) {
  const formats::SafetensorsReader reader(weights);
  formats::Fingerprint fingerprint;
  for (const auto& [name, value] : reader.metadata()) fingerprint.add(name).add(value);
  return fingerprint.hex();
}

/// Everything that decides a number of the features.
nlohmann::json facts_of(const EmbedArguments& arguments, const TrainedModel& model, const Registry& registry, const DataSource& source,
                        at::Device device) {
  return {{"checkpoint", fs::canonical(model.checkpoint).string()},
          {"step", model.position.step},
          {"training_identity", model.facts.identity},
          {"weights", fingerprint_of(model.checkpoint / "weights.safetensors")},
          {"backbone", model.facts.backbone},
          {"backbone_revision", registry.find("backbone", model.facts.backbone)->registration.revision},
          {"program", LAFS_VERSION},
          {"libtorch", this_build().torch.data()},
          {"data_fingerprint", source.fingerprint()},
          {"flip", arguments.flip},
          {"class_tokens", arguments.class_tokens},
          {"batch", arguments.options.batch},
          {"precision", arguments.options.precision},
          {"device", device.str()},
          {"threads", arguments.threads}};
}

/// The pictures named on the command line, or those it was trained on.
OpenSource open_pictures(const EmbedArguments& arguments, const TrainedModel& model, Registry& registry) {
  if (arguments.source.given()) return arguments.source.open(registry);
  const RecipeContext context = arguments.source.common.context();
  check_source_keys(context);
  return open_source(training_recipe(model, context, registry).data_source);
}

/// Of the embedding or of class tokens, twice where picture and mirror stand side by side.
int64_t row_width(const EmbedArguments& arguments, const TrainedModel& model, const Backbone& backbone) {
  const std::string flip = arguments.flip == "contract" ? model.facts.input.flip : arguments.flip;
  return backbone.embed_dim() * std::max<int64_t>(arguments.class_tokens, 1) * (flip == "both" ? 2 : 1);
}

/// Rows that are not there yet. False when a signal asked to stop before the last.
bool embed_rest(const EmbedArguments& arguments, const std::shared_ptr<Backbone>& backbone, const InputContract& input,
                const std::shared_ptr<const DataSource>& source, int64_t chunk, FeatureFile& file) {
  const int64_t total = source->size();
  if (file.rows() > 0 && !file.finished() && !arguments.quiet) say("going on after {} pictures\n", file.rows());
  PictureProgress progress(arguments.quiet, file.rows(), total);
  EmbedderOptions options = arguments.options;
  options.progress = [&](int64_t embedded, int64_t) { progress.show(file.rows() + embedded); };
  ModelEmbedder embedder(backbone, input, options);
  catch_interrupts();
  while (file.rows() < total && !interrupted()) {
    std::vector<int64_t> indices(static_cast<size_t>(std::min(chunk, total - file.rows())));
    std::iota(indices.begin(), indices.end(), file.rows());
    const auto features = embedder.embed({{"features", source, indices, arguments.flip, arguments.class_tokens, false}});
    file.append(features->of("features").values);
  }
  return file.rows() == total;
}

int run(EmbedArguments& arguments, const Invocation& invocation) {
  const TrainedModel model = find_model(arguments.checkpoint, arguments.source.common.stage);
  Registry registry = load_plugins(invocation);
  const at::Device device = arguments.options.device = open_device(arguments.device);
  use_threads(arguments.threads);
  const OpenSource pictures = open_pictures(arguments, model, registry);
  for (const std::string& note : pictures.notes) say("{}\n", note);
  auto backbone = load_encoder(model, registry);
  backbone->module()->to(device);

  // Whole batches, so that rows are the same wherever a run was stopped.
  const int64_t chunk = 4 * arguments.options.batch, total = pictures.source->size();
  const int64_t width = row_width(arguments, model, *backbone);
  FeatureFile file(arguments.out, {total, width, chunk}, facts_of(arguments, model, registry, *pictures.source, device), arguments.force);
  if (!embed_rest(arguments, backbone, model.facts.input, pictures.source, chunk, file)) {
    say("lafs: stopped after {} of {} pictures; the same command goes on\n", file.rows(), total);
    return stopped;
  }
  const bool there_before = file.finished();
  file.finish(*pictures.source);
  fmt::print("{}: {} pictures of {} identities, {} numbers each{}\n", arguments.out.string(), total, pictures.source->identities(), width,
             there_before ? "; it was there already" : "");
  return done;
}

void add_options(CLI::App& command, EmbedArguments& arguments) {
  command.add_option("checkpoint", arguments.checkpoint, "run folder (its best checkpoint, else the last) or checkpoint folder")
      ->required()
      ->type_name("DIR");
  arguments.source.add_to(command);
  arguments.source.common.add_stage_to(command, "this stage of a row's folder");
  command.add_option("--out", arguments.out, "a .npy or .safetensors file; keys go to FILE.tsv, facts to FILE.json")
      ->required()
      ->type_name("FILE");
  command.add_option("--flip", arguments.flip, "of picture and mirror: their sum, the picture alone, or both side by side")
      ->check(CLI::IsMember({"contract", "sum", "none", "both"}))
      ->capture_default_str();
  command.add_option("--class-tokens", arguments.class_tokens, "those of the last N blocks, side by side, instead of the embedding")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--batch", arguments.options.batch, "pictures of a forward pass")->check(CLI::Range(1, 65536))->capture_default_str();
  command.add_option("--device", arguments.device, "auto: cuda where there is one")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command.add_option("--precision", arguments.options.precision, "of the forward pass; features are float32")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  command.add_option("--threads", arguments.threads, "that compute")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_option("--loader-threads", arguments.options.threads, "that decode")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--force", arguments.force, "begin anew, whatever is there");
  command.add_flag("--quiet,-q", arguments.quiet, "no progress");
}

}  // namespace

Action add_embed(CLI::App& app) {
  auto arguments = std::make_shared<EmbedArguments>();
  CLI::App* command = app.add_subcommand("embed", "features of every picture of a data source, as .npy or safetensors");
  add_options(*command, *arguments);
  command->footer(
      "Without SOURCE: the pictures it was trained on. A stopped run goes on where it was when it is given again; rows are the\n"
      "same either way. The model is run under the input contract saved with it.");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
