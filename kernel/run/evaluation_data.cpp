#include "kernel/run/evaluation_data.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include "formats/fingerprint.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/recipe/resolver.h"
#include "kernel/run/data_change.h"
#include "lafs/content_hashed.h"

namespace lafs {

namespace {

void unheard(const std::string&) {}

std::string file_fingerprint(const std::filesystem::path& file) {
  formats::Fingerprint print;
  std::ifstream in(file, std::ios::binary);
  std::array<char, 1 << 16> block;
  while (in.read(block.data(), block.size()), in.gcount() > 0) print.add_bytes(block.data(), static_cast<size_t>(in.gcount()));
  return print.hex();
}

}  // namespace

std::string evaluation_fingerprint(const Recipe& recipe, const NamedEvaluators& evaluators, const RunListeners& listeners) {
  if (evaluators.empty()) return "";
  formats::Fingerprint all;
  std::map<std::shared_ptr<const DataSource>, std::string> sources;
  for (const auto& [name, evaluator] : evaluators) {
    for (const FeatureRequest& request : evaluator->requests()) {
      const auto [source, is_new] = sources.try_emplace(request.source);
      if (is_new) source->second = training_fingerprint(*request.source, listeners, unheard);
      all.add(request.name).add(source->second);
    }
  }
  for (const auto& file : evaluator_files(recipe)) all.add(file_fingerprint(file));
  return all.hex();
}

std::string EvaluationData::fingerprint_of(const Recipe& recipe) {
  std::string options = recipe.data_source.empty() ? "" : options_text(recipe.data_source);  // evaluators may use it too
  for (const EvaluatorEntry& entry : recipe.evaluators) options += options_text(entry.use);
  const auto [known, is_new] = known_.try_emplace(options);
  if (!is_new) return known->second;
  try {
    RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, unheard);
    known->second = evaluation_fingerprint(recipe, assembly.evaluators(), listeners_);
  } catch (const StoppedReading&) {
    known_.erase(known);
    throw;
  } catch (const std::exception&) {  // what cannot be opened cannot be known to be other data
  }
  return known->second;
}

bool EvaluationData::differs(const Recipe& recipe, const std::string& measured_on) {
  if (measured_on.empty()) return false;
  const std::string now = fingerprint_of(recipe);
  return !now.empty() && now != measured_on;
}

}  // namespace lafs
