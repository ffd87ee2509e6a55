#include "kernel/run/session.h"

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/data/epochs.h"
#include "kernel/data/loader.h"
#include "kernel/evaluate/embedder.h"
#include "kernel/ledger/manifest.h"
#include "kernel/ledger/run_folder.h"
#include "kernel/model/assembly.h"
#include "kernel/model/checkpoint.h"
#include "kernel/model/networks.h"
#include "kernel/ranks/device.h"
#include "kernel/recipe/resolver.h"
#include "kernel/results/results_json.h"
#include "kernel/results/results_table.h"
#include "kernel/run/interrupt.h"
#include "kernel/run/not_finite_bundle.h"
#include "kernel/train/trainer.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// However the work ends, every listener hears that it did.
struct StoppedAtTheEnd {
  const RunListeners& listeners;
  ~StoppedAtTheEnd() {
    for (RunListener* listener : listeners) listener->stopped();
  }
};

class Session {
 public:
  explicit Session(const SessionRequest& request)
      : request_(request),
        recipe_(request.recipe),
        lock_(request.folder),
        device_(open_device(recipe_.run.device)),
        store_(request.folder),
        assembly_(recipe_, RecipeAssembly::Data::open, [this](const std::string& text) { notes_.push_back(text); }) {}

  SessionOutcome run();

 private:
  void prepare();
  bool resume();
  CheckpointFacts facts() const;
  void write_folder() const;
  void work(bool resumed);
  void train(MetricsLog& log);
  StepOutcome one_step(const Timeline& time, Loader& loader);
  void report_step(const Timeline& time, const StepOutcome& step, double seconds, double waited, MetricsLog& log);
  void after_step(MetricsLog& log, bool last);
  std::vector<NamedMetrics> evaluate_now(bool last);
  void finish();
  void message(const std::string& text) const {
    for (RunListener* listener : request_.listeners) listener->message(text);
  }
  void save(bool best);
  [[noreturn]] void stop_not_finite(const NotFinite& error) const;

  const SessionRequest& request_;
  const Recipe& recipe_;
  FolderLock lock_;
  at::Device device_;
  CheckpointStore store_;
  std::vector<std::string> notes_;
  RecipeAssembly assembly_;
  std::unique_ptr<Trainer> trainer_;
  std::vector<std::pair<std::string, std::shared_ptr<Evaluator>>> evaluators_;
  Epochs epochs_;
  RunPosition position_;
  std::string fingerprint_;  // of the training data
  SessionOutcome outcome_;
  int64_t saved_step_ = -1;
};

CheckpointFacts Session::facts() const {
  CheckpointFacts facts;
  facts.identity = recipe_.identity;
  facts.recipe = recipe_.resolved;
  facts.encoder = trainer_->objective().encoder();
  facts.backbone = recipe_.backbone.name;
  facts.backbone_options = options_text(recipe_.backbone);
  facts.networks = networks_of(trainer_->root(), assembly_, recipe_);
  facts.input = recipe_.input;
  facts.data_fingerprint = fingerprint_;
  facts.identities = assembly_.identities();
  return facts;
}

void Session::prepare() {
  if (!holds_run(request_.folder) && !runs_in(request_.folder).empty())
    throw Error(fmt::format("\"{}\" holds other runs, as of a row of stages; give another --out", request_.folder.string()));
  use_threads(recipe_.run.threads);
  if (const std::string warning = precision_warning(recipe_.run.precision, device_); !warning.empty()) notes_.push_back(warning);
  epochs_ = Epochs(recipe_.run, assembly_.images());
  fingerprint_ = assembly_.data()->fingerprint();  // once: it asks the file system about every picture
  if (!recipe_.head.empty() && assembly_.identities() == 1)
    notes_.push_back("all pictures are of one identity: the head has nothing to distinguish, and its loss teaches nothing");
  trainer_ = std::make_unique<Trainer>(recipe_, assembly_, device_);
  evaluators_ = assembly_.evaluators();  // before any work: their lists may be wrong
}

/// Whether a checkpoint of this recipe was found and loaded.
bool Session::resume() {
  const fs::path last = store_.find("last");
  if (last.empty()) return false;
  const auto [position, known] = read_checkpoint_state(last);
  if (known.identity != recipe_.identity) {
    throw Error(fmt::format("\"{}\" holds a run of another recipe; give another --out, or the same recipe{}", request_.folder.string(),
                            recipe_difference(known.recipe, recipe_.resolved)));
  }
  if (known.data_fingerprint != fingerprint_) {
    throw Error(fmt::format("\"{}\" was trained on other data (fingerprint {}, now {}); restore that data, or give another --out",
                            request_.folder.string(), known.data_fingerprint, fingerprint_));
  }
  load_weights(last / "weights.safetensors", trainer_->root());
  load_optimizer(last / "optimizer.safetensors", trainer_->optimizer());
  if (GradScaler* scaler = trainer_->scaler()) {
    if (!position.scaler) throw Error(fmt::format("\"{}\" has no scaler", (last / "state.json").string()));
    scaler->restore(*position.scaler);
  }
  position_ = position;
  saved_step_ = position.step;
  return true;
}

void Session::write_folder() const {
  formats::write_atomically(request_.folder / "recipe.toml", recipe_.resolved);
  ManifestFacts facts;
  facts.command = request_.command;
  facts.recipe_file = recipe_.file.string();
  facts.training_identity = recipe_.identity;
  facts.data_fingerprint = fingerprint_;
  facts.device = device_.str();
  facts.threads = recipe_.run.threads;
  facts.registry = &request_.registry;
  write_manifest(request_.folder, facts);
  trainer_->write_init_record(request_.folder);
}

void Session::save(bool best) {
  if (saved_step_ == position_.step && !best) return;
  for (RunListener* listener : request_.listeners) listener->saving();
  if (const GradScaler* scaler = trainer_->scaler()) position_.scaler = scaler->state();
  store_.save(trainer_->root(), trainer_->optimizer(), position_, facts(), best);
  saved_step_ = position_.step;
}

std::vector<NamedMetrics> Session::evaluate_now(bool last) {
  std::vector<std::pair<std::string, std::shared_ptr<Evaluator>>> chosen;
  for (size_t i = 0; i < evaluators_.size(); ++i) {
    if (last || recipe_.evaluators[i].while_training) chosen.push_back(evaluators_[i]);
  }
  if (chosen.empty()) return {};
  EmbedderOptions options;
  options.threads = recipe_.run.loader_threads;
  options.device = device_;
  options.precision = recipe_.run.precision;
  ModelEmbedder embedder(trainer_->encoder(), recipe_.input, options);
  auto results = evaluate(chosen, embedder);
  for (const NamedMetrics& result : results) {
    if (result.metrics.values.empty()) continue;
    message(fmt::format("step {}: {} {} {}", position_.step, result.name, result.metrics.values.front().name,
                        metric_text(result.metrics.values.front())));
  }
  return results;
}

void Session::after_step(MetricsLog& log, bool last) {
  bool best = false;
  if (last || epochs_.crosses(position_.step - 1, recipe_.run.evaluate_every)) {
    auto results = evaluate_now(last);
    if (!results.empty()) {
      log.evaluation(position_.step, results);
      for (RunListener* listener : request_.listeners) listener->evaluated(position_.step, results);
      if (!results.front().metrics.values.empty() && results.front().metrics.values.front().value > position_.best_score) {
        position_.best_score = results.front().metrics.values.front().value;
        position_.best_step = position_.step;
        best = true;
      }
    }
    if (last) outcome_.results = std::move(results);
  }
  const bool due =
      recipe_.run.checkpoint_every > 0 ? position_.step % recipe_.run.checkpoint_every == 0 : epochs_.crosses(position_.step - 1, 1);
  if (last || best || due || interrupted()) {
    save(best || (last && position_.best_step < 0));
  }
}

void Session::stop_not_finite(const NotFinite& error) const {
  const nlohmann::json facts{
      {"step", position_.step}, {"training_identity", recipe_.identity}, {"last_checkpoint", store_.find("last").string()}};
  const fs::path file = write_not_finite(request_.folder, facts, error);
  throw Error(fmt::format("{}; the inputs of that step are in \"{}\"", error.what(), file.string()));
}

StepOutcome Session::one_step(const Timeline& time, Loader& loader) {
  try {
    return trainer_->step(time, [&] { return loader.next(); });
  } catch (const NotFinite& error) {
    stop_not_finite(error);
  }
}

/// What one step took and found; `seconds` of time, `waited` of these for data.
void Session::report_step(const Timeline& time, const StepOutcome& step, double seconds, double waited, MetricsLog& log) {
  const int64_t epoch = epochs_.epoch_of(position_.micro - 1);
  if (time.index % recipe_.run.log_every == 0 || position_.step == epochs_.steps) {
    const StepRecord record{
        time.index, epoch, step.loss, step.lr, step.weight_decay, step.gradient_norm, static_cast<double>(time.step_images) / seconds,
        step.values};
    log.step(record);
    for (RunListener* listener : request_.listeners) listener->record(record);
  }
  for (const std::string& note : step.notes) message(fmt::format("step {}: {}", time.index, note));
  const StepDone done{position_.step, epoch, step.loss, step.lr, outcome_.images_per_second, waited / seconds};
  for (RunListener* listener : request_.listeners) listener->step(done);
}

void Session::train(MetricsLog& log) {
  const LoaderOptions options = loader_options(recipe_.run, position_.micro, epochs_.first_micro(epochs_.steps));
  Loader loader(assembly_.data(), assembly_.augmentation(), recipe_.input, options, device_);

  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  double training = 0, waited_before = 0;
  const int64_t first = position_.step;
  while (position_.step < epochs_.steps && !interrupted()) {
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
    after_step(log, position_.step == epochs_.steps);
  }
  if (interrupted()) save(false);
  outcome_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
}

/// Results of a run that has nothing left to train.
void Session::finish() {
  ResultFacts facts{
      {"training_identity", recipe_.identity}, {"evaluation_identity", recipe_.evaluation_identity}, {"data_fingerprint", fingerprint_}};
  if (position_.best_step >= 0) facts.emplace_back("best_step", std::to_string(position_.best_step));
  write_results(request_.folder, outcome_.results, position_.step, "last", facts);
  for (RunListener* listener : request_.listeners) listener->finished(request_.folder);
}

/// Trains what is left, or scores a run that has nothing left.
void Session::work(bool resumed) {
  MetricsLog log(request_.folder, position_.step);
  for (RunListener* listener : request_.listeners) listener->started({request_.folder, epochs_.steps, position_.step});
  const StoppedAtTheEnd stopped{request_.listeners};
  for (const std::string& note : notes_) message(note);
  if (resumed) message(fmt::format("continuing at step {} of {}", position_.step, epochs_.steps));
  outcome_.was_done = position_.step >= epochs_.steps;
  if (outcome_.was_done) {
    outcome_.results = evaluate_now(true);
  } else {
    train(log);
  }
}

SessionOutcome Session::run() {
  prepare();
  const bool resumed = resume();
  if (!resumed) trainer_->initialise([this](const std::string& text) { notes_.push_back(text); });
  position_.total = epochs_.steps;
  write_folder();
  work(resumed);
  outcome_.interrupted = position_.step < epochs_.steps;
  outcome_.step = position_.step;
  outcome_.total = epochs_.steps;
  if (!outcome_.interrupted) finish();
  return outcome_;
}

}  // namespace

SessionOutcome run_session(const SessionRequest& request) { return Session(request).run(); }

}  // namespace lafs
