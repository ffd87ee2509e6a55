#include "runner/tools/show/hardest.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel/evaluate/listed_pictures.h"
#include "kernel/ledger/json_file.h"
#include "kernel/model/assembly.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/report/say.h"
#include "runner/tools/compare/scored_results.h"
#include "runner/tools/show/contact_sheet.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// With which the results were measured: a run keeps it beside them, `lafs eval` in them.
Recipe measuring_recipe(const fs::path& results, Registry& registry) {
  if (fs::is_directory(results)) return open_recipe(results / "recipe.toml", {}, registry);
  const std::string text = text_under(json_or_nothing(results), "recipe");
  if (text.empty())
    throw Error(fmt::format("\"{}\" does not say on which pictures it was measured; write it again with lafs eval", results.string()));
  return open_recipe_text(text, results.string(), {}, registry);
}

std::vector<NamedMetrics> of_evaluator(std::vector<NamedMetrics> results, const std::string& evaluator) {
  if (evaluator.empty()) return results;
  std::vector<std::string> names;
  for (const NamedMetrics& named : results) names.push_back(named.name);
  std::erase_if(results, [&](const NamedMetrics& named) { return named.name != evaluator; });
  if (results.empty()) throw Error(fmt::format("no evaluator \"{}\"{}", evaluator, suggestion(evaluator, names)));
  return results;
}

/// A picture's folder, which is often the person's, and its name.
std::string person_and_file(const fs::path& picture) {
  const fs::path folder = picture.parent_path().filename();
  return (folder / picture.filename()).string();
}

/// The columns of one list, to the right of those that are there: scores, then pictures.
void add_columns(ContactSheet& sheet, const ListedPictures& list, int64_t zoom) {
  const size_t first = sheet.headings.size();
  size_t widest = 0;
  for (const ListedItem& listed : list.items) widest = std::max(widest, listed.pictures.size());
  sheet.headings.insert(sheet.headings.end(), 1 + widest, fmt::format("{}: {}", list.evaluator, list.list));
  sheet.rows.resize(std::max(sheet.rows.size(), list.items.size()));
  for (size_t i = 0; i < list.items.size(); ++i) {
    std::vector<Cell>& row = sheet.rows[i];
    row.resize(first);
    const auto& [item, pictures] = list.items[i];
    row.push_back({{}, fmt::format("{:.3f}", item.score)});
    for (size_t p = 0; p < pictures.size(); ++p) row.push_back({zoomed(pictures[p], zoom).image(), person_and_file(item.pictures[p])});
  }
}

ContactSheet sheet_of(const std::string& model, const std::vector<ListedPictures>& lists, const InputContract& input) {
  constexpr int64_t readable_side = 112;
  ContactSheet sheet;
  sheet.title = "Hardest pictures: " + model;
  sheet.subtitle = "the most wrong first, with their scores";
  for (const ListedPictures& list : lists) add_columns(sheet, list, zoom_for(input.width, readable_side, 0));
  return sheet;
}

}  // namespace

void show_hardest(const ShowHardest& show, Registry& registry) {
  require_free(show.out, show.force);
  make_folder_of(show.out);
  const fs::path run = measured_run(show.results);
  const ScoredResults scored = read_scored_results(run);
  const std::vector<NamedMetrics> results = of_evaluator(scored.results, show.evaluator);
  const Recipe recipe = measuring_recipe(run, registry);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, [](const std::string& text) { say("{}\n", text); });
  const auto lists = listed_pictures(assembly.evaluators(), results, recipe.input, show.items);
  if (lists.empty())
    throw Error(
        fmt::format("no list in \"{}\" names pictures that can be read; verification and retrieval list them, as many as their "
                    "option hardest says",
                    show.results.string()));
  write_sheet(show.out, sheet_of(scored.name, lists, recipe.input).draw(), show.force);
}

}  // namespace lafs
