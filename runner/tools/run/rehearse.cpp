#include "runner/tools/run/rehearse.h"

#include <map>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/report/say.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// The resolved recipe by dotted keys.
std::map<std::string, std::string> settings_of(const Recipe& recipe) {
  std::vector<Field> flat;
  flatten(parse_toml(recipe.resolved, recipe.file.string(), {}), "", flat);
  std::map<std::string, std::string> settings;
  for (const Field& field : flat) settings[field.name] = inline_text(field.value);
  return settings;
}

/// "run.batch 440 -> 4, run.steps 0 -> 12": what a rehearsal changes of a stage. Paths and the counts of pictures are told for all stages.
std::string changes_of(const Recipe& full, const Recipe& small, const std::string& folder) {
  const auto before = settings_of(full), after = settings_of(small);
  std::string text;
  for (const auto& [key, value] : after) {
    const auto was = before.find(key);
    std::string former = was == before.end() ? "none" : was->second;
    // 0 steps are all that the epochs have.
    if (key == "run.steps" && former == "0") former = "all";
    if (former == value || value.find(folder) != std::string::npos || key == "run.images" || key == "run.identities") continue;
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", key, former, value);
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

std::string Rehearsal::heading() const {
  return fmt::format("rehearsal of {}: {} generated pictures of {} people, and\n{}its numbers say nothing about those of the recipe\n",
                     row.file.string(), size.pictures(), size.people, changes);
}

Rehearsal open_rehearsal(const RunRequest& request, Registry& registry) {
  const fs::path folder =
      fs::absolute(request.out.empty() ? fs::path("runs/rehearsals") / request.recipe.stem() : request.out).lexically_normal();
  const Row full = open_row(request.recipe, request.context, registry);
  RecipeContext context = request.context;
  context.rehearsal = (folder / "generated").string();
  Row small = open_row(request.recipe, context, registry);
  Rehearsal rehearsal{{}, rehearsal_size(full, small), ""};
  // Of other sizes are other pictures, which must not be mixed with these.
  context.rehearsal = (folder / fmt::format("generated-{}x{}", rehearsal.size.people, rehearsal.size.per_person)).string();
  rehearsal.row = open_row(request.recipe, context, registry, folder / small.identity.substr(0, 8));
  for (size_t i = 0; i < full.stages.size(); ++i) {
    const Stage& stage = rehearsal.row.stages[i];
    rehearsal.changes += fmt::format("  {}{}{}\n", stage.name, stage.name.empty() ? "" : ": ",
                                     changes_of(full.stages[i].recipe, stage.recipe, folder.string()));
  }
  const auto faces = rehearsal_faces(rehearsal.size, registry);
  write_rehearsal_data(rehearsal.row, context.rehearsal, *faces, [](const std::string& text) { say("note: {}\n", text); });
  return rehearsal;
}

nlohmann::json shortened(nlohmann::json results) {
  for (auto& stage : results.at("stages")) {
    for (auto& evaluator : stage.at("evaluators")) {
      auto& values = evaluator.at("values");
      if (values.size() > 1) values.erase(values.begin() + 1, values.end());
      evaluator.erase("warnings");
      evaluator["notes"] = nlohmann::json::array();
    }
  }
  return results;
}

void require_published(const nlohmann::json& results) {
  for (const auto& published : results.at("published")) {
    if (!published.at("measured").is_null()) continue;
    const std::string evaluator = published.at("evaluator");
    throw Error(fmt::format("published \"{}\" of stage \"{}\" is not among the results{}; compare its name with those in the table above",
                            published.at("metric").get<std::string>(), published.at("stage").get<std::string>(),
                            evaluator.empty() ? "" : fmt::format(" of evaluator \"{}\"", evaluator)));
  }
}

}  // namespace lafs
