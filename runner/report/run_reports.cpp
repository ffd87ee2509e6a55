#include "runner/report/run_reports.h"

#include <fmt/format.h>

#include "kernel/evaluate/listed_pictures.h"
#include "runner/report/report.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

constexpr int64_t pictures_a_list = 12;  // items of each list whose pictures the page holds

std::string heading(const Stage& stage, int64_t number, int64_t count) {
  if (stage.name.empty()) return "run";
  return fmt::format("stage {}{}", stage.name, count > 1 ? fmt::format(" ({} of {})", number, count) : "");
}

}  // namespace

/// What the stages of a row or the cells of a grid all say before their first step, such as of the pictures they share, is said once.
void RunReports::message(const std::string& text) {
  const bool new_each_time = stepping_ || text.starts_with("continuing") || text.starts_with("step ");
  if (new_each_time || said_.insert(text).second) progress_->message(text);
}

void RunReports::step(const StepDone& step) {
  stepping_ = true;
  progress_->step(step.done, step.epoch, step.loss, step.lr, step.images_per_second, step.waiting_share);
}

void RunReports::started(const RunStart& start) {
  stepping_ = false;
  reading_.finish();
  progress_.emplace(quiet_, start.total_steps, start.first_step);
  tensorboard_.started(start);
}

void RunReports::stopped() {
  progress_->finish();
  tensorboard_.stopped();
}

void RunReports::finished(const RunEnd& end) {
  tensorboard_.finished(end);
  write_report(end.folder, listed_pictures(end.evaluators, end.results, end.input, pictures_a_list));
}

void RunReports::stage_started(const Row&, const Stage& stage, int64_t number, int64_t count) {
  if (!quiet_) say("{} -> {}\n", heading(stage, number, count), stage.folder.string());
}

void RunReports::stage_was_finished(const Stage& stage, int64_t number, int64_t count) {
  if (!quiet_) say("{}: was finished before\n", heading(stage, number, count));
}

void RunReports::stage_waits(const Stage&, const std::string& reason) {
  if (!quiet_) say("{}; waiting for it\n", reason);
}

void RunReports::stage_finished(const Stage&, const SessionOutcome& outcome) {
  if (outcome.damaged > 0) say("damaged pictures left out, with others in their place: {}\n", outcome.damaged);
  if (quiet_ || outcome.was_done) return;
  say("{} steps in {}, {:.1f} images/s\n", outcome.total, duration_text(outcome.seconds), outcome.images_per_second);
}

void RunReports::row_finished(const std::filesystem::path& folder) { write_row_report(folder); }

}  // namespace lafs
