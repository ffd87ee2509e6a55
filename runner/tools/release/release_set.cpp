#include "runner/tools/release/release_set.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "kernel/evaluate/evaluation_set.h"
#include "kernel/evaluate/ijb_table.h"
#include "kernel/model/assembly.h"
#include "kernel/recipe/resolver.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// How recipes call the sets of InsightFace.
const std::map<std::string, std::string> pair_set_names{{"lfw", "LFW"},           {"cfp_fp", "CFP-FP"}, {"cfp_ff", "CFP-FF"},
                                                        {"agedb_30", "AgeDB-30"}, {"calfw", "CALFW"},   {"cplfw", "CPLFW"},
                                                        {"vgg2_fp", "VGG2-FP"}};

/// "IJB-B" of a folder with lists that begin with "ijbb", or else with that name.
std::string ijb_name(const fs::path& folder) {
  std::string text = folder.filename().string();
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder / "meta", unreadable))
    if (entry.path().filename().string().starts_with("ijb")) text = entry.path().filename().string();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text.starts_with("ijbb")) return "IJB-B";
  return text.starts_with("ijbc") ? "IJB-C" : folder.filename().string();
}

ReleaseSet ijb_set(const fs::path& folder) {
  ReleaseSet set{.name = ijb_name(folder), .path = folder, .metric = "tar@nearest_far=0.0001"};
  set.table = template_verification_table(folder);
  return set;
}

ReleaseSet pair_set(const fs::path& file, Registry& registry) {
  const auto known = pair_set_names.find(file.stem().string());
  ReleaseSet set{.name = known != pair_set_names.end() ? known->second : file.stem().string(), .path = file, .metric = "accuracy"};
  const std::string tables = evaluation_tables({file, {}}, registry);
  if (tables.find("face_bin") == std::string::npos) throw Error(fmt::format("\"{}\" is no verification set", file.string()));
  set.table = tables + "baseline = false\n";
  return set;
}

/// A second set of a name gets its path behind it, so that results have one name each.
void make_unique(std::vector<ReleaseSet>& sets, const fs::path& folder) {
  for (size_t i = 0; i < sets.size(); ++i) {
    const auto taken = [&](const ReleaseSet& earlier) { return earlier.name == sets[i].name; };
    if (std::any_of(sets.begin(), sets.begin() + static_cast<std::ptrdiff_t>(i), taken))
      sets[i].name += fmt::format(" ({})", sets[i].path.lexically_relative(folder).string());
  }
}

template <typename Open>
void add(std::vector<ReleaseSet>& sets, const fs::path& path, const std::string& name, const Open& open, const RecipeContext& context,
         Registry& registry) {
  ReleaseSet set{.name = name, .path = path};
  try {
    set = open();
    const Recipe recipe = measuring_recipe(set, InputContract(), context, registry);
    RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {});
    int64_t pictures = 0;
    for (const auto& [ignored, evaluator] : assembly.evaluators())
      for (const FeatureRequest& request : evaluator->requests())
        pictures += request.indices ? std::ssize(*request.indices) : request.source->size();
    set.text = fmt::format("{} pictures", pictures);
  } catch (const RecipeError& error) {
    if (error.lines().front().starts_with("--set")) throw;  // it is the same for every set
    set.fault = error.lines().front();
  } catch (const Error& error) {
    set.fault = error.what();
  }
  sets.push_back(std::move(set));
}

}  // namespace

std::vector<ReleaseSet> release_sets(const FoundFiles& found, const fs::path& folder, const RecipeContext& context, Registry& registry) {
  std::vector<ReleaseSet> sets;
  for (const fs::path& ijb : found.ijb_folders) add(sets, ijb, ijb_name(ijb), [&] { return ijb_set(ijb); }, context, registry);
  for (const fs::path& file : found.pair_sets)
    add(sets, file, file.stem().string(), [&] { return pair_set(file, registry); }, context, registry);
  make_unique(sets, folder);
  return sets;
}

Recipe measuring_recipe(const ReleaseSet& set, const InputContract& input, const RecipeContext& context, Registry& registry) {
  Node table;
  Resolver resolver;
  InputContract written = input;
  written.declare(resolver);
  table.put("input", std::move(resolver.table));
  return open_recipe_text(set.table + "\n" + document_text(table), set.path.string(), context, registry);
}

const std::vector<PublishedSet>& published_sets() {
  static constexpr std::string_view nist =
      "NIST stopped distributing it in 2023; the folder has loose_crop/ and meta/ as InsightFace's evaluation does";
  static constexpr std::string_view insightface = "it comes with MS1MV3 as InsightFace distributes it";
  static const std::vector<PublishedSet> sets{{"IJB-B", 10270, nist},
                                              {"IJB-C", 19557, nist},
                                              {"LFW", 6000, insightface},
                                              {"CFP-FP", 7000, insightface},
                                              {"AgeDB-30", 6000, insightface}};
  return sets;
}

}  // namespace lafs
