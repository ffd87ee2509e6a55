#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/ledger/metrics_log.h"
#include "kernel/recipe/recipe.h"
#include "kernel/results/named_metrics.h"
#include "lafs/input.h"

namespace lafs {

struct BatchPictures;  // kernel/run/batch_pictures.h

/// A run whose steps are about to begin.
struct RunStart {
  std::filesystem::path folder;
  int64_t total_steps = 0, first_step = 0;  ///< optimizer steps; `first_step` of them were done before
  const Recipe* recipe = nullptr;           ///< of the run; null in tests of listeners alone
};

/// An optimizer step that was done.
struct StepDone {
  int64_t done = 0, epoch = 0;   ///< steps done so far, this one counted
  double loss = 0, lr = 0;       ///< a loss that is not a number is that of a step that was left out
  double images_per_second = 0;  ///< since the session began
  double waiting_share = 0;      ///< of this step's time, in [0, 1], that went into waiting for data
};

/// A run that came to its end, with what its evaluators found and the evaluators themselves, whose data is open.
struct RunEnd {
  const std::filesystem::path& folder;
  const std::vector<NamedMetrics>& results;
  const NamedEvaluators& evaluators;
  const InputContract& input;
};

/// Watches a run: a screen, TensorBoard, a page. A run needs none, and its files (metrics.jsonl, checkpoints, results.json) do not depend
/// on any. Each member does nothing unless overridden; what one throws ends the run. But for `reading_data`, `started` is called first, and
/// `stopped` always follows it, also when a step or another listener throws. [main thread]
///
///     struct LossTrace final : lafs::RunListener {
///       std::vector<double> losses;
///       void step(const lafs::StepDone& step) override { losses.push_back(step.loss); }
///     };
class RunListener {
 public:
  virtual ~RunListener() = default;

  /// Before `started`: so many pictures were looked at for the fingerprint of the data. [one thread at a time, any]
  virtual void reading_data(int64_t /*done*/, int64_t /*total*/) {}
  virtual void started(const RunStart&) {}
  virtual void first_batch(const BatchPictures&) {}  ///< some pictures of the first batch of a session, before its step
  virtual void message(const std::string&) {}        ///< a sentence for people
  virtual void step(const StepDone&) {}              ///< after every step
  virtual void record(const StepRecord&) {}          ///< with every line of metrics.jsonl that is of a step
  /// After an evaluation of so many steps, the last one included; not for a run that was done before.
  virtual void evaluated(int64_t /*step*/, const std::vector<NamedMetrics>&) {}
  virtual void saving() {}                 ///< a checkpoint is about to be written: bring what was heard to the disk
  virtual void stopped() {}                ///< no step follows: the run is done, was interrupted, or failed; must not throw
  virtual void finished(const RunEnd&) {}  ///< its folder is complete, results.json written
};

using RunListeners = std::vector<RunListener*>;

/// However the work ends, every listener hears that it did.
struct StoppedAtTheEnd {
  const RunListeners& listeners;
  ~StoppedAtTheEnd() {
    for (RunListener* listener : listeners) listener->stopped();
  }
};

}  // namespace lafs
