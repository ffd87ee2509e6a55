#pragma once
#include <optional>
#include <set>
#include <string>

#include "kernel/run/row_session.h"
#include "runner/report/progress.h"
#include "runner/report/tensorboard.h"

namespace lafs {

/// All that a person gets of a run or row while it works: progress on standard error, TensorBoard's events, report.html.
class RunReports final : public RowListener {
 public:
  explicit RunReports(bool quiet) : quiet_(quiet), reading_(quiet) {}

  void reading_data(int64_t done, int64_t total) override { reading_.show(done, total); }
  void started(const RunStart& start) override;
  void first_batch(const BatchPictures& pictures) override { tensorboard_.first_batch(pictures); }
  void message(const std::string& text) override;
  void step(const StepDone& step) override;
  void record(const StepRecord& record) override { tensorboard_.record(record); }
  void evaluated(int64_t step, const std::vector<NamedMetrics>& results) override { tensorboard_.evaluated(step, results); }
  void saving() override { tensorboard_.saving(); }
  void stopped() override;
  void finished(const RunEnd& end) override;

  void stage_started(const Row& row, const Stage& stage, int64_t number, int64_t count) override;
  void stage_was_finished(const Stage& stage, int64_t number, int64_t count) override;
  void stage_waits(const Stage& stage, const std::string& reason) override;
  void stage_finished(const Stage& stage, const SessionOutcome& outcome) override;
  void row_finished(const std::filesystem::path& folder) override;

 private:
  bool quiet_, stepping_ = false;
  std::set<std::string> said_;  ///< before the first step of any run
  ReadingProgress reading_;
  std::optional<Progress> progress_;
  TensorBoard tensorboard_;
};

}  // namespace lafs
