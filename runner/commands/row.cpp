#include "runner/commands/row.h"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/commands/command.h"
#include "runner/report/json_text.h"
#include "runner/report/progress.h"
#include "runner/report/row_results.h"
#include "runner/report/say.h"
#include "runner/train/finished.h"
#include "runner/train/interrupt.h"
#include "runner/train/session.h"

namespace lafs {

namespace {

/// What goes wrong in a stage is said with its name; mistakes in files have a place of their own.
SessionOutcome run_session_of(const Stage& stage, const SessionRequest& request) {
  try {
    return run_session(request);
  } catch (const RecipeError&) {
    throw;
  } catch (const PlacedError&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(fmt::format("stage \"{}\": {}", stage.name, sentence_of(error)));
  }
}

/// Exit status: `done`, or `stopped` by a signal.
int run_stage(const RowRequest& request, const Stage& stage, const std::string& heading) {
  const Row& row = request.row;
  const auto folder = row.folder_of(stage);
  const auto tell = [&](const std::string& text) {
    if (!request.quiet) say("{}\n", text);
  };
  if (const auto before = finished_run(stage.recipe, folder); before && before->evaluated) {
    tell(fmt::format("{}: was finished before", heading));
    return done;
  }
  require_inputs(row, stage);
  tell(fmt::format("{} -> {}", heading, folder.string()));
  const SessionOutcome outcome = run_session_of(stage, {stage.recipe, request.registry, folder, request.command, request.quiet});
  if (outcome.interrupted) {
    say("stopped in stage \"{}\" at step {} of {}; the same command continues there\n", stage.name, outcome.step, outcome.total);
    return stopped;
  }
  if (!outcome.was_done)
    tell(fmt::format("{} steps in {}, {:.1f} images/s", outcome.total, duration_text(outcome.seconds), outcome.images_per_second));
  return done;
}

StageResults finished_stages(const Row& row) {
  StageResults results;
  for (const Stage& stage : row.stages) {
    auto run = finished_run(stage.recipe, row.folder_of(stage));
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

void require_inputs(const Row& row, const Stage& stage) {
  for (const std::string& name : stage.inputs) {
    const Stage& input = row.stage(name);
    if (finished_run(input.recipe, row.folder_of(input))) continue;
    throw Error(fmt::format("stage \"{}\" takes weights of stage \"{}\", which is not finished in \"{}\"; run that first", stage.name, name,
                            row.folder_of(input).string()));
  }
}

int run_row(const RowRequest& request) {
  const Row& row = request.row;
  if (holds_run(row.folder)) throw Error(fmt::format("\"{}\" holds a run of its own; give the row another --out", row.folder.string()));
  const auto chosen = chosen_stages(row, request.only);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const std::string heading =
        fmt::format("stage {}{}", chosen[i]->name, chosen.size() > 1 ? fmt::format(" ({} of {})", i + 1, chosen.size()) : "");
    if (const int status = run_stage(request, *chosen[i], heading); status != done) return status;
    if (interrupted()) {
      say("stopped after stage \"{}\"; the same command continues there\n", chosen[i]->name);
      return stopped;
    }
  }
  const nlohmann::json results = row_results_json(row, finished_stages(row));
  write_row(row.folder, results);
  if (request.json) {
    fmt::print("{}\n", json_text(results));
  } else {
    fmt::print("{}", row_table(results));
  }
  if (!request.quiet) say("see {}/report.html\n", row.folder.string());
  return done;
}

}  // namespace lafs
