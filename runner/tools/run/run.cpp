#include "runner/tools/run/run.h"

#include <cstdio>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/data/training_pictures.h"
#include "kernel/ledger/manifest.h"
#include "kernel/results/json_text.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/results/row_results.h"
#include "kernel/run/extension.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/ledger_places.h"
#include "kernel/run/row_session.h"
#include "lafs/content_hashed.h"
#include "runner/report/run_reports.h"
#include "runner/report/say.h"
#include "runner/tools/run/rehearse.h"

namespace lafs {

namespace {

/// Also of a quiet run: it is not what the recipe asked for.
void say_damaged(const SessionOutcome& outcome, const std::filesystem::path& folder) {
  if (outcome.damaged > 0)
    say("damaged pictures left out, with others in their place: {}; they are listed in {}\n", outcome.damaged,
        (folder / TrainingPictures::list_name).string());
}

/// On a line of its own, which a terminal of 80 columns is least likely to break; relative where that is shorter.
void say_report(const std::filesystem::path& folder) {
  const std::filesystem::path report = folder / "report.html", near = report.lexically_proximate(std::filesystem::current_path());
  say("see {}\n", near.native().size() < report.native().size() ? near.string() : report.string());
}

void print_results(const SessionOutcome& outcome, const RunRequest& request, const std::filesystem::path& folder) {
  if (request.json) {
    auto json = results_json(outcome.results, outcome.step, "last");
    json["folder"] = folder.string();
    fmt::print("{}\n", json_text(json));
    return;
  }
  if (!outcome.results.empty()) fmt::print("{}", results_table(outcome.results));
  if (request.quiet) return;
  if (outcome.was_done) {
    say("all {} steps were done before\n", outcome.total);
  } else {
    say("{} steps in {}, {:.1f} images/s, {:.1f} % of it waiting for data\n", outcome.total, duration_text(outcome.seconds),
        outcome.images_per_second, 100 * outcome.waiting_share);
  }
  say_report(folder);
}

bool run_alone(Row& row, const RunRequest& request, const Registry& registry) {
  const std::filesystem::path& folder = row.folder;
  const std::string extends = request.extend ? extend_run(row.stages.front().recipe, folder) : "";
  if (!request.quiet) say("{} -> {}\n", request.recipe.string(), folder.string());
  RunReports reports(request.quiet);
  const SessionOutcome outcome =
      run_session({row.stages.front().recipe, registry, folder, request.command, {&reports}, request.accept_data, extends});
  if (outcome.interrupted) {
    say("stopped by {} at step {} of {}; run the same command to continue\n", interrupt_name(), outcome.step, outcome.total);
    return false;
  }
  say_damaged(outcome, folder);
  print_results(outcome, request, folder);
  return true;
}

/// The ledger of a row, if its stages are kept in one.
std::optional<Ledger> ledger_of(const RunRequest& request) {
  if (!request.ledger.empty()) return Ledger(request.ledger);
  return request.out.empty() && !request.rehearse ? std::optional(Ledger(default_ledger)) : std::nullopt;
}

/// Of stages that are there.
void say_rebuilt(const Row& row, const Registry& registry) {
  for (const Stage& stage : row.stages) {
    for (const std::string& note : rebuilt_plugins(stage.folder, registry)) say("{}\n", note);
  }
}

bool run_stages(Row& row, const RunRequest& request, const Registry& registry) {
  if (request.extend) {
    throw Error(
        fmt::format("--extend is for one run, and later stages of \"{}\" follow from earlier ones; to extend a stage alone, give "
                    "\"{}\" as recipe and its folder as --out",
                    request.recipe.string(), (row.stages.front().folder / "recipe.toml").string()));
  }
  RunReports reports(request.quiet);
  const auto ledger = ledger_of(request);
  if (ledger && !request.accept_data.empty())
    throw Error("--accept-data has no effect on stages in a ledger, where other data makes another stage; give --out without --ledger");
  RowRequest what{row, registry, request.stage, request.command, &reports, request.accept_data};
  if (ledger) {
    what.kept = {&*ledger, LedgerPlaces(*ledger, {&reports}).place(row)};
    what.in_use = StageInUse::wait;
  }
  say_rebuilt(row, registry);
  const RowOutcome outcome = run_row(what);
  if (outcome.stopped) {
    if (outcome.last.interrupted) {
      say("stopped by {} in stage \"{}\" at step {} of {}; run the same command to continue\n", interrupt_name(), outcome.stopped->name,
          outcome.last.step, outcome.last.total);
    } else {
      say("stopped by {} after stage \"{}\"; run the same command to continue\n", interrupt_name(), outcome.stopped->name);
    }
    return false;
  }
  if (request.json) {
    fmt::print("{}\n", json_text(outcome.results));
  } else {
    fmt::print("{}", row_table(request.rehearse ? shortened(outcome.results) : outcome.results));
  }
  if (request.rehearse && request.stage.empty()) require_published(outcome.results);
  if (!request.quiet) say_report(row.folder);
  return true;
}

}  // namespace

bool run_recipe(const RunRequest& request, Registry& registry) {
  catch_interrupts();
  Row row;
  if (request.rehearse) {
    Rehearsal rehearsal = open_rehearsal(request, registry);
    if (!request.quiet) say("{}", rehearsal.heading());
    row = std::move(rehearsal.row);
  } else {
    row = open_row(request.recipe, request.context, registry, request.out);
  }
  const bool alone = row.alone() && request.stage.empty();
  if (alone && !request.ledger.empty())
    throw Error(fmt::format("--ledger is for the stages of a row, and \"{}\" is one run", request.recipe.string()));
  try {
    return alone ? run_alone(row, request, registry) : run_stages(row, request, registry);
  } catch (const StoppedReading& stop) {
    say("lafs: {}; run the same command to continue\n", stop.what());
    return false;
  }
}

}  // namespace lafs
