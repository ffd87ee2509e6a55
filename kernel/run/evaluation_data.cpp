#include "kernel/run/evaluation_data.h"

#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "kernel/recipe/content_identity.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/recipe/resolver.h"
#include "kernel/run/data_change.h"
#include "lafs/content_hashed.h"

namespace lafs {

namespace {

void unheard(const std::string&) {}

}  // namespace

std::string evaluation_fingerprint(const Recipe& recipe, const NamedEvaluators& evaluators, const RunListeners& listeners) {
  if (evaluators.empty()) return "";
  formats::Fingerprint all;
  std::map<std::shared_ptr<const DataSource>, std::string> sources;
  for (const auto& [name, evaluator] : evaluators) {
    for (const FeatureRequest& request : evaluator->requests()) {
      const auto [source, is_new] = sources.try_emplace(request.source);
      if (is_new) source->second = data_fingerprint(*request.source, listeners, unheard);
      all.add(request.name).add(source->second);
    }
  }
  for (const auto& file : evaluator_files(recipe)) all.add(hash_of_file(file));
  return all.hex();
}

const EvaluationData::Look& EvaluationData::of(const Recipe& recipe) {
  std::string options;
  for (const EvaluatorEntry& entry : recipe.evaluators) options += options_text(entry.use);
  if (!options.empty() && !recipe.data_source.empty()) options += options_text(recipe.data_source);  // evaluators may use it too
  const auto [known, is_new] = known_.try_emplace(options);
  Look& look = known->second;
  if (!is_new || options.empty()) return look;
  try {
    RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, unheard);
    look.fingerprint = evaluation_fingerprint(recipe, assembly.evaluators(), listeners_);
  } catch (const StoppedReading&) {
    known_.erase(known);
    throw;
  } catch (const std::exception& error) {  // what cannot be looked at cannot be known to be other data
    look.fault = fmt::format("results are kept, although what they were measured on cannot be looked at: {}", sentence_of(error));
  }
  return look;
}

}  // namespace lafs
