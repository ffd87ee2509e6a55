#include "runner/tools/release/measure.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/measured_model.h"
#include "kernel/ledger/json_file.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

InputContract contract(const char* preset, const char* colour) {
  InputContract input;
  input.preset = preset;
  input.colour = colour;
  if (input.preset == "published_eval") input.std = {1, 1, 1};
  return input;
}

fs::path result_file(const fs::path& out, const NetworkPlan& plan, const ReleaseSet& set, const InputContract& input) {
  const auto flat = [](std::string text) {
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
  };
  return out / flat(plan.name) / fmt::format("{}.{}.{}.json", flat(set.name), input.preset, input.colour);
}

/// Evaluators with their data, and what identifies their result.
struct Ready {
  Recipe recipe;
  std::unique_ptr<RecipeAssembly> assembly;  ///< refers to the recipe
  NamedEvaluators evaluators;
  std::string identity;
};

std::unique_ptr<Ready> ready(const NetworkPlan& plan, const ImportedNetwork& network, const ReleaseSet& set, const InputContract& input,
                             const MeasureOptions& options, Registry& registry) {
  auto out = std::make_unique<Ready>();
  out->recipe = measuring_recipe(set, input, options.context, registry);
  out->assembly = std::make_unique<RecipeAssembly>(out->recipe, RecipeAssembly::Data::open, [](const std::string&) {});
  out->evaluators = out->assembly->evaluators();
  std::string data;
  for (const auto& [name, evaluator] : out->evaluators)
    for (const FeatureRequest& request : evaluator->requests()) data += request.source->fingerprint() + "\n";
  out->identity = identity_of(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", network.hash, plan.backbone, plan.options,
                                          out->recipe.evaluation_identity, out->recipe.run.precision, options.batch, data));
  return out;
}

/// The result of this identity that an earlier call wrote; nothing for any other file.
bool take_kept(const fs::path& file, const std::string& identity, NamedMetrics& result) {
  const nlohmann::json kept = json_or_nothing(file);
  if (text_under(kept, "identity") != identity) return false;
  try {
    auto all = results_of(kept);
    if (all.empty()) return false;
    result = std::move(all.front());
    return true;
  } catch (const Error&) {
    return false;
  }
}

NamedMetrics evaluated(Ready& ready, const ImportedNetwork& network, const MeasureOptions& options) {
  EvaluationRequest request;
  request.batch = options.batch;
  request.progress = options.progress;
  const EmbedderOptions embedding = embedder_options(request, ready.recipe.run);
  use_threads(ready.recipe.run.threads);
  network.backbone->module()->to(embedding.device);
  ModelEmbedder embedder(network.backbone, ready.recipe.input, embedding);
  return std::move(evaluate(ready.evaluators, embedder).front());
}

}  // namespace

std::vector<InputContract> release_contracts(bool published_only) {
  if (published_only) return {contract("published_eval", "rgb")};
  return {contract("published_eval", "rgb"), contract("lafs", "rgb"), contract("published_eval", "bgr"), contract("lafs", "bgr")};
}

std::string scaling_text(const InputContract& input) { return input.preset == "published_eval" ? "[-0.5, 0.5]" : "[-1, 1]"; }

bool is_published(const InputContract& input) { return input.preset == "published_eval" && input.colour == "rgb"; }

Measurement measure(const NetworkPlan& plan, const ImportedNetwork& network, const ReleaseSet& set, const InputContract& input,
                    const MeasureOptions& options, Registry& registry) {
  Measurement out{.set = set.name, .input = input, .result = {}, .fault = "", .kept = false};
  const fs::path file = options.out.empty() ? fs::path() : result_file(options.out, plan, set, input);
  const std::string what = fmt::format("{} on {}, {}, {}", plan.name, set.name, scaling_text(input), input.colour);
  std::unique_ptr<Ready> work;
  try {
    work = ready(plan, network, set, input, options, registry);
    if (!file.empty() && take_kept(file, work->identity, out.result)) {
      out.kept = true;
      options.note(what + ": measured before");
      return out;
    }
    options.note(what);
    out.result = evaluated(*work, network, options);
  } catch (const std::exception& error) {
    out.fault = sentence_of(error);
    options.note(fmt::format("{}: {}", what, out.fault));
    return out;
  }
  if (file.empty()) return out;
  fs::create_directories(file.parent_path());
  write_json(file, results_json({out.result}, 0, plan.name,
                                {{"identity", work->identity}, {"network", plan.file.string()}, {"recipe", work->recipe.resolved}}));
  return out;
}

}  // namespace lafs
