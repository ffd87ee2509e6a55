#include "kernel/run/row_session.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "kernel/ledger/json_file.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/results/row_results.h"
#include "kernel/run/evaluation_data.h"
#include "kernel/run/finished_run.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/output_folder.h"
#include "lafs/content_hashed.h"

namespace lafs {

namespace {

std::string prefixed_by(const Stage& stage, const std::exception& error) {
  return stage.name.empty() ? sentence_of(error) : fmt::format("stage \"{}\": {}", stage.name, sentence_of(error));
}

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
  } catch (const FolderInUse& error) {
    throw FolderInUse(prefixed_by(stage, error));
  } catch (const std::exception& error) {
    throw Error(prefixed_by(stage, error));
  }
}

/// Runs the stages of one request.
class RowRun {
 public:
  RowRun(const RowRequest& request, RowListener& listener)
      : request_(request), listener_(listener), other_(request.accept_data.empty() ? OtherData::refused : OtherData::told) {}

  RowOutcome run() {
    RowOutcome outcome;
    const auto chosen = chosen_stages(request_.row, request_.only);
    for (size_t i = 0; i < chosen.size(); ++i) {
      const auto state = run_stage(*chosen[i], static_cast<int64_t>(i) + 1, static_cast<int64_t>(chosen.size()), outcome);
      if (state == State::left) outcome.left = chosen[i];
      if (state == State::stopped || interrupted()) outcome.stopped = chosen[i];
      if (outcome.left || outcome.stopped) return outcome;
    }
    outcome.results = row_results_json(request_.row, finished_stages());
    write_row_results(request_.row.folder, outcome.results);
    listener_.row_finished(request_.row.folder);
    return outcome;
  }

 private:
  enum class State { done, stopped, left };

  State run_stage(const Stage& stage, int64_t number, int64_t count, RowOutcome& outcome) {
    for (bool waited = false;; waited = true) {
      if (is_done(stage)) {
        listener_.stage_was_finished(stage, number, count);
        return State::done;
      }
      require_inputs(request_.row, stage, other_);
      try {
        return run_now(stage, number, count, outcome);
      } catch (const FolderInUse& error) {
        if (request_.in_use == StageInUse::refuse) throw;
        if (request_.in_use == StageInUse::leave) return State::left;
        if (!waited) listener_.stage_waits(stage, error.what());
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        if (interrupted()) return State::stopped;
      }
    }
  }

  /// Results that were measured on other data than the evaluators' of now count as not evaluated.
  bool is_evaluated(const Stage& stage, const FinishedRun& run) const {
    if (!run.evaluated) return false;
    const EvaluationData::Look& now = evaluation_data_.of(stage.recipe);
    if (!now.fault.empty()) listener_.message(now.fault);
    if (!now.differs_from(text_under(run.results, "evaluation_data"))) return true;
    if (!run.has_weights)
      throw Error(
          fmt::format("\"{}\" was measured on other data than there is now, and its weights were deleted: restore that data, or "
                      "give another --out to train it again",
                      stage.folder.string()));
    return false;
  }

  /// Whether nothing is left to do for the stage. Its weights may have been deleted, where no stage that is left takes them.
  bool is_done(const Stage& stage) const {
    const auto before = finished_run(stage.recipe, stage.folder, other_);
    if (!before || before->other_data || !is_evaluated(stage, *before)) return false;
    return before->has_weights || (request_.only.empty() && !is_needed(stage));
  }

  bool is_needed(const Stage& stage) const {
    const auto& stages = request_.row.stages;
    return std::any_of(stages.begin(), stages.end(),
                       [&](const Stage& later) { return contains(later.inputs, stage.name) && !is_done(later); });
  }

  State run_now(const Stage& stage, int64_t number, int64_t count, RowOutcome& outcome) {
    if (request_.kept.ledger) enter(stage);
    listener_.stage_started(request_.row, stage, number, count);
    outcome.last =
        run_session_of(stage, {stage.recipe, request_.registry, stage.folder, request_.command, {&listener_}, request_.accept_data});
    if (outcome.last.interrupted) return State::stopped;
    listener_.stage_finished(stage, outcome.last);
    return State::done;
  }

  void enter(const Stage& stage) {
    const size_t number = static_cast<size_t>(&stage - request_.row.stages.data());
    request_.kept.ledger->enter(request_.kept.facts[number], request_.row.file);
  }

  StageResults finished_stages() const {
    StageResults results;
    for (const Stage& stage : request_.row.stages) {
      auto run = finished_run(stage.recipe, stage.folder, other_);
      if (run && run->evaluated) results.emplace_back(stage.name, std::move(run->results));
    }
    return results;
  }

  const RowRequest& request_;
  RowListener& listener_;
  OtherData other_;
  mutable EvaluationData evaluation_data_{{&listener_}};
};

/// A link in the row's folder to each stage, so that a person finds them there. Results name the folders where links cannot be made.
void link_stages(const Row& row) {
  std::error_code ignored;
  std::filesystem::create_directories(row.folder, ignored);
  for (const Stage& stage : row.stages) {
    const auto link = row.link_of(stage);
    if (std::filesystem::is_symlink(link, ignored)) std::filesystem::remove(link, ignored);
    std::filesystem::create_directory_symlink(stage.folder.lexically_relative(row.folder), link, ignored);
  }
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
    const auto run = finished_run(input.recipe, input.folder, other);
    if (run && run->has_weights) continue;
    if (run) {
      throw Error(fmt::format("stage \"{}\" takes weights of stage \"{}\", which were deleted in \"{}\"; run that stage again", stage.name,
                              name, input.folder.string()));
    }
    throw Error(fmt::format("stage \"{}\" takes weights of stage \"{}\", which is not finished in \"{}\"; run that first", stage.name, name,
                            input.folder.string()));
  }
}

RowOutcome run_row(const RowRequest& request) {
  require_row_folder(request.row, request.kept.ledger != nullptr);
  if (request.kept.ledger) link_stages(request.row);
  RowListener silent;
  return RowRun(request, request.listener ? *request.listener : silent).run();
}

}  // namespace lafs
