#include "kernel/run/row_session.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernel/results/row_results.h"
#include "kernel/run/finished_run.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/output_folder.h"
#include "lafs/content_hashed.h"

namespace lafs {

namespace {

/// An error of a stage gets the stage's name, unless it has a place in a file.
SessionOutcome run_session_of(const Stage& stage, const SessionRequest& request) {
  try {
    return run_session(request);
  } catch (const RecipeError&) {
    throw;
  } catch (const StoppedReading&) {
    throw;
  } catch (const PlacedError&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(fmt::format("stage \"{}\": {}", stage.name, sentence_of(error)));
  }
}

/// Nothing for a stage that was finished before.
std::optional<SessionOutcome> run_stage(const RowRequest& request, RowListener& listener, const Stage& stage, int64_t number,
                                        int64_t count) {
  const auto folder = request.row.folder_of(stage);
  const OtherData other = request.accept_data.empty() ? OtherData::refused : OtherData::told;
  if (const auto before = finished_run(stage.recipe, folder, other); before && before->evaluated && !before->other_data) {
    listener.stage_was_finished(stage, number, count);
    return std::nullopt;
  }
  require_inputs(request.row, stage, other);
  listener.stage_started(request.row, stage, number, count);
  const SessionOutcome outcome =
      run_session_of(stage, {stage.recipe, request.registry, folder, request.command, {&listener}, request.accept_data});
  if (!outcome.interrupted) listener.stage_finished(stage, outcome);
  return outcome;
}

StageResults finished_stages(const Row& row, OtherData other) {
  StageResults results;
  for (const Stage& stage : row.stages) {
    auto run = finished_run(stage.recipe, row.folder_of(stage), other);
    if (run && run->evaluated) results.emplace_back(stage.name, std::move(run->results));
  }
  return results;
}

}  // namespace

std::vector<const Stage*> chosen_stages(const Row& row, const std::string& name) {
  if (!name.empty()) return {&row.stage(name)};
  std::vector<const Stage*> all;
  for (const Stage& stage : row.stages) all.push_back(&stage);
  return all;
}

std::string title_of(const Row& row, const Stage& stage) {
  return stage.name.empty() ? row.file.string() : fmt::format("{}, stage {}", row.file.string(), stage.name);
}

void require_inputs(const Row& row, const Stage& stage, OtherData other) {
  for (const std::string& name : stage.inputs) {
    const Stage& input = row.stage(name);
    if (finished_run(input.recipe, row.folder_of(input), other)) continue;
    throw Error(fmt::format("stage \"{}\" takes weights of stage \"{}\", which is not finished in \"{}\"; run that first", stage.name, name,
                            row.folder_of(input).string()));
  }
}

RowOutcome run_row(const RowRequest& request) {
  const Row& row = request.row;
  require_row_folder(row);
  RowListener silent;
  RowListener& listener = request.listener ? *request.listener : silent;
  RowOutcome outcome;
  const auto chosen = chosen_stages(row, request.only);
  for (size_t i = 0; i < chosen.size(); ++i) {
    auto ran = run_stage(request, listener, *chosen[i], static_cast<int64_t>(i) + 1, static_cast<int64_t>(chosen.size()));
    const bool stopped = ran && ran->interrupted;
    if (ran) outcome.last = std::move(*ran);
    if (stopped || interrupted()) {
      outcome.stopped = chosen[i];
      return outcome;
    }
  }
  outcome.results = row_results_json(row, finished_stages(row, request.accept_data.empty() ? OtherData::refused : OtherData::told));
  write_row_results(row.folder, outcome.results);
  listener.row_finished(row.folder);
  return outcome;
}

}  // namespace lafs
