#include "runner/tools/eval/eval.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lafs/error.h"
#include "runner/report/output_file.h"
#include "runner/report/telling_names.h"
#include "runner/tools/compare/compare.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// Where the results of each model are written, by its name; a name may hold folders.
std::vector<fs::path> result_files(const EvalRequest& request, const std::vector<std::string>& names) {
  if (fs::exists(request.out) && !fs::is_directory(request.out))
    throw Error(fmt::format("\"{}\" is not a folder: the results of several models are written to a folder, a file for each",
                            request.out.string()));
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    std::string flat = name;
    std::ranges::replace(flat, '/', '_');
    files.push_back(request.out / (flat + ".json"));
    require_free(files.back(), request.force);
  }
  return files;
}

EvalOutcome eval_one(const EvalRequest& request, Registry& registry) {
  const Evaluation evaluation = evaluate_model(request.evaluation, registry);
  if (!request.out.empty()) write_evaluation(request.out, evaluation);
  return {evaluation_text(evaluation), evaluation_json(evaluation)};
}

EvalOutcome eval_several(const EvalRequest& request, std::vector<fs::path> models, Registry& registry) {
  const std::vector<std::string> names = telling_names(models);
  const std::vector<fs::path> files = request.out.empty() ? std::vector<fs::path>() : result_files(request, names);
  const std::vector<Evaluation> evaluations = evaluate_models(request.evaluation, models, registry);
  std::vector<ScoredResults> scored;
  EvalOutcome out{"", {{"models", nlohmann::json::array()}}};
  for (size_t m = 0; m < models.size(); ++m) {
    if (!files.empty()) {
      make_folder_of(files[m]);
      write_evaluation(files[m], evaluations[m]);
    }
    scored.push_back({names[m], {}, evaluations[m].results});
    out.text += evaluation_text(evaluations[m]) + "\n";
    out.json["models"].push_back(evaluation_json(evaluations[m]));
    out.json["models"].back()["name"] = names[m];
  }
  const auto differences = differences_of(scored, {});
  out.text += comparison_text(scored, differences);
  out.json["differences"] = comparison_json(scored, differences).at("differences");
  return out;
}

}  // namespace

EvalOutcome run_eval(const EvalRequest& request, Registry& registry) {
  if (request.others.empty()) return eval_one(request, registry);
  std::vector<fs::path> models{request.evaluation.checkpoint};
  models.insert(models.end(), request.others.begin(), request.others.end());
  for (auto model = models.begin(); model != models.end(); ++model)
    if (std::find(models.begin(), model, *model) != model) throw Error(fmt::format("the model \"{}\" is given twice", model->string()));
  return eval_several(request, std::move(models), registry);
}

}  // namespace lafs
