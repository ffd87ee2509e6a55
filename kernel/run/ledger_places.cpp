#include "kernel/run/ledger_places.h"

#include <algorithm>
#include <filesystem>

#include "kernel/model/assembly.h"
#include "kernel/recipe/resolver.h"
#include "kernel/run/data_change.h"

namespace lafs {

std::vector<StageFacts> LedgerPlaces::place(Row& row) {
  std::vector<StageFacts> all;
  std::vector<std::filesystem::path> folders;
  for (const Stage& stage : row.stages) {
    StageFacts facts{row.alone() ? row.file.stem().string() : stage.name, stage.recipe.identity, fingerprint_of(stage.recipe), {}};
    for (const std::string& input : stage.inputs) {
      const auto earlier = std::find_if(row.stages.begin(), row.stages.end(), [&](const Stage& s) { return s.name == input; });
      facts.inputs.push_back(all[static_cast<size_t>(earlier - row.stages.begin())].key());
    }
    folders.push_back(ledger_.folder_of(facts));
    all.push_back(std::move(facts));
  }
  row.place_stages(folders);
  return all;
}

std::string LedgerPlaces::fingerprint_of(const Recipe& recipe) {
  if (recipe.data_source.empty()) return "";
  const std::string source = options_text(recipe.data_source);
  if (const auto known = fingerprints_.find(source); known != fingerprints_.end()) return known->second;
  const auto unheard = [](const std::string&) {};
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, unheard);
  const std::string print = assembly.has_data() ? data_fingerprint(*assembly.data(), listeners_, unheard) : "";
  return fingerprints_.emplace(source, print).first->second;
}

}  // namespace lafs
