#include "kernel/run/session.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/atomic_file.h"
#include "kernel/data/epochs.h"
#include "kernel/data/identity_names.h"
#include "kernel/data/loader.h"
#include "kernel/data/picture_shapes.h"
#include "kernel/data/training_pictures.h"
#include "kernel/ledger/manifest.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/ledger/training_notes.h"
#include "kernel/model/assembly.h"
#include "kernel/model/checkpoint.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/sense.h"
#include "kernel/run/batch_pictures.h"
#include "kernel/run/checkpoint_pace.h"
#include "kernel/run/data_change.h"
#include "kernel/run/evaluations.h"
#include "kernel/run/extension.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/not_finite_bundle.h"
#include "kernel/run/notes.h"
#include "kernel/run/output_folder.h"
#include "kernel/run/ranking.h"
#include "kernel/run/result_facts.h"
#include "kernel/run/run_checkpoints.h"
#include "kernel/run/step_record.h"
#include "kernel/train/trainer.h"

namespace lafs {

namespace {

class Session {
 public:
  explicit Session(const SessionRequest& request)
      : request_(request),
        recipe_(request.recipe),
        lock_(require_run_folder(request.recipe, request.folder)),
        device_(open_device(recipe_.run.device, {recipe_.run.tf32, recipe_.run.deterministic})),
        store_(request.folder),
        assembly_(recipe_, RecipeAssembly::Data::open, note_) {}

  SessionOutcome run();

 private:
  void prepare();
  bool resume();
  CheckpointFacts facts() { return checkpoint_facts(recipe_, *trainer_, assembly_, fingerprint_); }
  void write_folder();
  void work(bool resumed);
  void train(MetricsLog& log);
  StepOutcome one_step(const Timeline& time, Loader& loader);
  void report_step(const Timeline& time, const StepOutcome& step, double seconds, double waited, MetricsLog& log);
  void leave_out(int64_t step, const std::string& reason);
  void after_step(MetricsLog& log);
  std::optional<std::vector<NamedMetrics>> scores_of(const NamedEvaluators& chosen);
  void evaluate(NamedEvaluators chosen, MetricsLog& log);
  void finish();
  bool over() const { return position_.step >= epochs_.steps || position_.ended_early; }
  void message(const std::string& text) const {
    for (RunListener* listener : request_.listeners) listener->message(text);
  }
  void save();

  const SessionRequest& request_;
  const Recipe& recipe_;
  FolderLock lock_;
  at::Device device_;
  CheckpointStore store_;
  Notes notes_;
  std::function<void(const std::string&)> note_ = [this](const std::string& text) { notes_.add(text); };
  RecipeAssembly assembly_;
  std::unique_ptr<Trainer> trainer_;
  std::optional<Evaluations> evaluations_;
  Epochs epochs_;
  RunPosition position_;
  std::string fingerprint_, data_check_;  // of the training data
  std::optional<AcceptedData> accepted_;
  std::shared_ptr<TrainingPictures> pictures_;
  SessionOutcome outcome_;
  int64_t saved_step_ = -1;
  FirstBatch first_batch_{request_.listeners, recipe_.input};
  std::optional<CheckpointPace> pace_;
};

void Session::prepare() {
  notes_.add(lock_.note());
  use_threads(recipe_.run.threads);
  notes_.add(sense_notes(recipe_));
  notes_.add(std::vector{precision_warning(recipe_.run.precision, device_), recipe_.run.device == "auto" ? gpu_fault() : ""});
  epochs_ = Epochs(recipe_.run, assembly_.images());
  fingerprint_ = data_fingerprint(*assembly_.data(), request_.listeners, note_);
  note_identities(*assembly_.data(), !recipe_.head.empty(), note_);
  data_check_ = recorded_check(recipe_, fingerprint_, note_);
  trainer_ = std::make_unique<Trainer>(recipe_, assembly_, device_);
  evaluations_.emplace(recipe_, assembly_, device_, request_.listeners);  // before any work: their lists may be wrong
  notes_.add(shape_notes(*assembly_.data(), recipe_.input));
  notes_.add(evaluations_->notes());
}

/// Whether a checkpoint of this recipe was found and loaded.
bool Session::resume() {
  RunCheckpoints checkpoints(request_.folder, note_);
  const auto found = checkpoints.newest(recipe_, request_.extends);
  if (!found) return false;
  if (found->facts.identity != recipe_.identity) note_(extension_note(recipe_, epochs_, found->facts, found->position.step));
  accepted_ = check_data(
      {request_.folder, found->facts, found->position.step, *assembly_.data(), fingerprint_, !recipe_.head.empty(), request_.accept_data},
      note_);
  notes_.add(metrics_fault(request_.folder)), notes_.add(missing_records(request_.folder));
  notes_.add(rebuilt_plugins(request_.folder, request_.registry));
  position_ = checkpoints.load(recipe_, request_.extends, *trainer_);
  if (found->facts.identity != recipe_.identity) position_.evaluation_due = false;  // it was due in the run that is extended
  saved_step_ = position_.step;
  return true;
}

void Session::write_folder() {
  const ManifestFacts facts{.command = request_.command,
                            .recipe_file = recipe_.file.string(),
                            .training_identity = recipe_.identity,
                            .data_fingerprint = fingerprint_,
                            .device = device_.str(),
                            .threads = recipe_.run.threads,
                            .registry = &request_.registry,
                            .notes = notes_.all(),
                            .accepted = accepted_,
                            .written = recipe_.written,
                            .data_check = data_check_};
  const bool trains = !over() || position_.evaluation_due;
  write_manifest(request_.folder, facts, trains);  // first: it marks the folder as ours
  if (!trains) return;                             // what a run was trained with stays as it was
  formats::write_atomically(request_.folder / "recipe.toml", recipe_.resolved);
  write_identity_names(*assembly_.data(), request_.folder / "identities.tsv");
  trainer_->write_init_record(request_.folder);
}

void Session::save() {
  if (saved_step_ == position_.step) return;
  for (RunListener* listener : request_.listeners) listener->saving();
  position_.stays = pace_->stays(position_.step);
  if (const GradScaler* scaler = trainer_->scaler()) position_.scaler = scaler->state();
  store_.save(trainer_->state(), trainer_->optimizer(), position_, facts());
  saved_step_ = position_.step;
  pace_->saved();
}

std::optional<std::vector<NamedMetrics>> Session::scores_of(const NamedEvaluators& chosen) {
  auto results = evaluations_->scores(chosen, trainer_->encoder());
  if (!results) return results;
  for (const std::string& text : first_values(*results)) message(fmt::format("step {}: {}", position_.step, text));
  return results;
}

/// Scores the checkpoint of this step, which was written before, and records there what came out. One that a signal stops stays due.
void Session::evaluate(NamedEvaluators chosen, MetricsLog& log) {
  auto results = scores_of(chosen);
  if (!results) return;
  bool best = rank_checkpoint(recipe_.run, *results, position_);
  if (const std::string text = over() ? "" : end_of_patience(recipe_.run, epochs_.steps, position_); !text.empty()) message(text);
  if (position_.ended_early && chosen.size() < evaluations_->all().size()) {  // those that run at the end only
    auto others = scores_of(evaluations_->all_but(chosen));
    if (!others) return;
    results->insert(results->end(), others->begin(), others->end());
  }
  best = best || (over() && position_.best_step < 0);
  if (!results->empty()) {
    log.evaluation(position_.step, *results);
    for (RunListener* listener : request_.listeners) listener->evaluated(position_.step, *results);
  }
  position_.evaluation_due = false;
  store_.update(position_, facts(), best);
  if (over()) outcome_.results = std::move(*results);
}

void Session::after_step(MetricsLog& log) {
  const auto chosen = evaluations_->due(epochs_, position_.step);
  position_.evaluation_due = !chosen.empty() || position_.step == epochs_.steps;
  // Before the evaluation: what ends the run there, such as the time limit of a cluster, loses no step.
  if (position_.evaluation_due || pace_->due(position_.step) || interrupted()) save();
  if (position_.evaluation_due && !interrupted()) evaluate(chosen, log);
}

StepOutcome Session::one_step(const Timeline& time, Loader& loader) {
  try {
    return trainer_->step(time, [&] { return first_batch_.shown(pictures_->counted(loader.next()), assembly_, position_.step); });
  } catch (const NotFinite& error) {
    if (const GradScaler* scaler = trainer_->scaler()) position_.scaler = scaler->state();
    const NotFiniteRun run{recipe_, epochs_, position_, facts(), *trainer_, pictures_, assembly_, device_, !store_.find("last").empty()};
    stop_not_finite(request_.folder, run, error);
  }
}

void Session::leave_out(int64_t step, const std::string& reason) {
  position_.left_out.push_back(step);
  message(reason + ": the step is left out");
  if (too_many_left_out(recipe_.run, position_.left_out)) save();  // with a larger limit it goes on from here
  check_left_out(recipe_.run, position_.left_out, reason);
}

/// What one step took and found; `seconds` of time, `waited` of these for data.
void Session::report_step(const Timeline& time, const StepOutcome& step, double seconds, double waited, MetricsLog& log) {
  const int64_t epoch = epochs_.epoch_of(position_.micro - 1);
  if (step.left_out.empty() && (time.index % recipe_.run.log_every == 0 || position_.step == epochs_.steps)) {
    const StepRecord record = step_record(time, epoch, step, seconds);
    log.step(record);
    for (RunListener* listener : request_.listeners) listener->record(record);
  }
  if (!step.left_out.empty()) leave_out(time.index, step.left_out);
  for (const auto& [text, kept] : step.notes) message(kept ? log.note(time.index, text) : fmt::format("step {}: {}", time.index, text));
  const StepDone done{position_.step, epoch, step.loss, step.lr, outcome_.images_per_second, waited / seconds};
  for (RunListener* listener : request_.listeners) listener->step(done);
}

void Session::train(MetricsLog& log) {
  pace_.emplace(recipe_.run, epochs_);
  check_left_out(recipe_.run, position_.left_out, fmt::format("steps left out before: {}", fmt::join(position_.left_out, ", ")));
  const LoaderOptions options = loader_options(recipe_.run, position_.micro, epochs_.first_micro(epochs_.steps));
  Loader loader(pictures_, assembly_.augmentation(), recipe_.input, options, device_);
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  double training = 0, waited_before = 0;
  const int64_t first = position_.step;
  while (!over() && !interrupted()) {
    const auto step_start = Clock::now();
    const Timeline time = epochs_.timeline(position_.step);
    const StepOutcome step = one_step(time, loader);
    position_.micro += recipe_.run.accumulate;
    ++position_.step;
    const double seconds = std::chrono::duration<double>(Clock::now() - step_start).count();
    training += seconds;
    outcome_.images_per_second = static_cast<double>(time.step_images * (position_.step - first)) / training;
    outcome_.waiting_share = loader.waited_seconds() / training;
    report_step(time, step, seconds, loader.waited_seconds() - waited_before, log);
    waited_before = loader.waited_seconds();
    after_step(log);
  }
  if (interrupted()) save();
  outcome_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
}

/// Results of a run that has nothing left to train.
void Session::finish() {
  write_results(request_.folder, outcome_.results, position_.step, "last",
                result_facts(recipe_, fingerprint_, evaluations_->data_fingerprint(), position_, outcome_.damaged));
  for (RunListener* listener : request_.listeners)
    listener->finished({request_.folder, outcome_.results, evaluations_->all(), recipe_.input});
}

/// Trains what is left, or scores a run that has nothing left.
void Session::work(bool resumed) {
  MetricsLog log(request_.folder, position_.step, position_.evaluation_due);
  for (RunListener* listener : request_.listeners) listener->started({request_.folder, epochs_.steps, position_.step, &recipe_});
  const StoppedAtTheEnd stopped{request_.listeners};
  for (const std::string& note : notes_.all()) message(note);
  if (resumed) message(fmt::format("continuing at step {} of {}", position_.step, epochs_.steps));
  outcome_.was_done = over() && !position_.evaluation_due;
  if (outcome_.was_done) {
    auto results = scores_of(evaluations_->all());
    outcome_.interrupted = !results;
    if (results) outcome_.results = std::move(*results);
    return;
  }
  if (position_.evaluation_due) evaluate(evaluations_->due(epochs_, position_.step), log);
  if (!over()) train(log);
  outcome_.interrupted = !over() || position_.evaluation_due;
}

SessionOutcome Session::run() {
  prepare();
  const bool resumed = resume();
  if (!resumed) trainer_->initialise(note_);
  position_.total = epochs_.steps;
  write_folder();
  if (!resumed) std::filesystem::remove(request_.folder / TrainingPictures::list_name);
  pictures_ = std::make_shared<TrainingPictures>(assembly_.data(), recipe_.run, request_.folder, [this](auto& text) { message(text); });
  work(resumed);
  record_training_notes(request_.folder);
  outcome_.damaged = pictures_->damaged();
  outcome_.step = position_.step;
  outcome_.total = position_.ended_early ? position_.step : epochs_.steps;
  if (!outcome_.interrupted) finish();
  return outcome_;
}

}  // namespace

SessionOutcome run_session(const SessionRequest& request) { return Session(request).run(); }

}  // namespace lafs
